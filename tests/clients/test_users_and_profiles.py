"""Users, routing profiles and security profiles, as far as quick connects and CreatedByUser need them."""

from harness.connect import absent_id, unique

PASSWORD = "A-password-2026"


def test_a_user_comes_back_as_it_was_given(instance):
    definition = {
        "Username": unique("ann").replace(" ", "."),
        "IdentityInfo": {"FirstName": "Ann", "LastName": "Example", "Email": "ann@example.com"},
        "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": False, "AfterContactWorkTimeLimit": 0},
        "SecurityProfileIds": [instance.security_profile_id("Agent"), instance.security_profile_id("Admin")],
        "RoutingProfileId": instance.routing_profile_id(),
        "Tags": {"team": "blue"},
    }
    created = instance.create_user(**definition, Password=PASSWORD)
    assert created["UserArn"] == instance.arn_of("agent", created["UserId"])
    for reference in (created["UserId"], created["UserArn"]):
        user = instance.describe_user(UserId=reference)["User"]
        assert (user["Id"], user["Arn"]) == (created["UserId"], created["UserArn"])
        assert sorted(user.pop("SecurityProfileIds")) == sorted(definition["SecurityProfileIds"])
        rest = {member: value for member, value in definition.items() if member != "SecurityProfileIds"}
        assert {member: user[member] for member in rest} == rest
        assert user["DirectoryUserId"]


def test_lists_of_users(fresh):
    made = {fresh.user() for _ in range(5)}
    pages = fresh.pages("list_users", "UserSummaryList", 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {user["Id"] for page in pages for user in page} == made
    fresh.refused("InvalidParameterException", "NextToken", "list_users", NextToken="nonsense")
    fresh.refused("ResourceNotFoundException", "Instance not found", "list_users", InstanceId=absent_id())


def test_refused_users(instance):
    create = "create_user"
    taken = unique("taken").replace(" ", ".")
    instance.user(Username=taken)
    call = {
        "Username": unique("user").replace(" ", "."),
        "Password": PASSWORD,
        "SecurityProfileIds": [instance.security_profile_id()],
        "RoutingProfileId": instance.routing_profile_id(),
        "PhoneConfig": {"PhoneType": "SOFT_PHONE"},
    }
    no_password = {member: value for member, value in call.items() if member != "Password"}
    instance.refused("InvalidRequestException", "Required parameter missing: Password", create, **no_password)
    instance.refused("DuplicateResourceException", "already", create, **call | {"Username": taken})
    instance.refused("InvalidParameterException", "Username", create, **call | {"Username": "u" * 101})
    instance.refused("InvalidParameterException", "Password", create, **call | {"Password": "short"})
    instance.refused("ResourceNotFoundException", None, create, **call | {"RoutingProfileId": absent_id()})
    instance.refused("ResourceNotFoundException", None, create, **call | {"SecurityProfileIds": [absent_id()]})
    instance.refused("InvalidParameterException", "SecurityProfileIds", create, **call | {"SecurityProfileIds": []})
    eleven = {"SecurityProfileIds": [absent_id() for _ in range(11)]}
    instance.refused("InvalidParameterException", "SecurityProfileIds", create, **call | eleven)
    instance.refused("ResourceNotFoundException", "Instance not found", create, **call | {"InstanceId": absent_id()})
    instance.refused("ResourceNotFoundException", None, "describe_user", UserId=absent_id())


def test_a_routing_profile_comes_back_as_it_was_given(instance):
    queue = instance.queue_id()
    definition = {
        "Name": unique("profile"),
        "Description": "what for",
        "DefaultOutboundQueueId": queue,
        "MediaConcurrencies": [{"Channel": "TASK", "Concurrency": 5}],
        "Tags": {"team": "blue"},
        "AgentAvailabilityTimer": "TIME_SINCE_LAST_INBOUND",
    }
    queues = [{"QueueReference": {"QueueId": queue, "Channel": "TASK"}, "Priority": 2, "Delay": 30}]
    created = instance.create_routing_profile(**definition, QueueConfigs=queues)
    assert created["RoutingProfileArn"] == instance.arn_of("routing-profile", created["RoutingProfileId"])
    profile = instance.describe_routing_profile(RoutingProfileId=created["RoutingProfileId"])["RoutingProfile"]
    concurrency = profile.pop("MediaConcurrencies")
    assert [(entry["Channel"], entry["Concurrency"]) for entry in concurrency] == [("TASK", 5)]
    rest = {member: value for member, value in definition.items() if member != "MediaConcurrencies"}
    assert {member: profile[member] for member in rest} == rest
    assert profile["InstanceId"] == instance.id
    assert (profile["NumberOfAssociatedQueues"], profile["NumberOfAssociatedUsers"]) == (1, 0)
    instance.user(RoutingProfileId=created["RoutingProfileId"])
    profile = instance.describe_routing_profile(RoutingProfileId=created["RoutingProfileArn"])["RoutingProfile"]
    assert profile["NumberOfAssociatedUsers"] == 1


def test_lists_of_routing_profiles(fresh):
    def profile(n):
        return fresh.create_routing_profile(
            Name=f"profile {n}",
            Description="d",
            DefaultOutboundQueueId=fresh.queue_id(),
            MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 1}],
        )["RoutingProfileId"]

    made = {profile(n) for n in range(3)} | {fresh.routing_profile_id()}
    pages = fresh.pages("list_routing_profiles", "RoutingProfileSummaryList", 3)
    assert [len(page) for page in pages] == [3, 1]
    assert {entry["Id"] for page in pages for entry in page} == made
    fresh.refused("InvalidParameterException", "NextToken", "list_routing_profiles", NextToken="nonsense")


def test_refused_routing_profiles(instance):
    create = "create_routing_profile"
    queue = instance.queue_id()
    config = {"QueueReference": {"QueueId": queue, "Channel": "TASK"}, "Priority": 1, "Delay": 0}
    call = {
        "Name": unique("profile"),
        "Description": "what for",
        "DefaultOutboundQueueId": queue,
        "MediaConcurrencies": [{"Channel": "TASK", "Concurrency": 5}],
    }

    def refused(exception, part, **change):
        instance.refused(exception, part, create, **call | change)

    refused("DuplicateResourceException", "already exists", Name="Basic Routing Profile")
    refused("InvalidParameterException", "QueueConfigs must include at least 1 items", QueueConfigs=[])
    refused("InvalidParameterException", "QueueConfigs must include at most 10 items", QueueConfigs=[config] * 11)
    refused("InvalidParameterException", "Concurrency", MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 11}])
    refused("InvalidParameterException", "Channel", MediaConcurrencies=[{"Channel": "SMOKE", "Concurrency": 1}])
    refused("InvalidParameterException", "Priority", QueueConfigs=[config | {"Priority": 0}])
    unknown = config | {"QueueReference": {"QueueId": absent_id(), "Channel": "TASK"}}
    refused("ResourceNotFoundException", None, QueueConfigs=[unknown])
    refused("ResourceNotFoundException", None, DefaultOutboundQueueId=absent_id())
    refused("ResourceNotFoundException", "Instance not found", InstanceId=absent_id())
    instance.refused("ResourceNotFoundException", None, "describe_routing_profile", RoutingProfileId=absent_id())


def test_a_security_profile_comes_back_as_it_was_given(instance):
    name = unique("profile")
    created = instance.create_security_profile(
        SecurityProfileName=name, Description="what for", Permissions=["BasicAgentAccess"], Tags={"team": "blue"}
    )
    assert created["SecurityProfileArn"] == instance.arn_of("security-profile", created["SecurityProfileId"])
    shown = instance.describe_security_profile(SecurityProfileId=created["SecurityProfileId"])["SecurityProfile"]
    assert (shown["Id"], shown["Arn"]) == (created["SecurityProfileId"], created["SecurityProfileArn"])
    assert shown["OrganizationResourceId"] == instance.id
    assert (shown["SecurityProfileName"], shown["Description"]) == (name, "what for")
    assert shown["Tags"] == {"team": "blue"}


def test_lists_of_security_profiles(fresh):
    made = fresh.create_security_profile(SecurityProfileName="one more")["SecurityProfileId"]
    pages = fresh.pages("list_security_profiles", "SecurityProfileSummaryList", 3)
    assert [len(page) for page in pages] == [3, 2]
    assert made in {entry["Id"] for page in pages for entry in page}
    fresh.refused("InvalidParameterException", "NextToken", "list_security_profiles", NextToken="nonsense")


def test_refused_security_profiles(instance):
    create = "create_security_profile"
    instance.refused("DuplicateResourceException", "already exists", create, SecurityProfileName="Admin")
    instance.refused("InvalidParameterException", "SecurityProfileName", create, SecurityProfileName="no/slash")
    long = {"SecurityProfileName": unique("p"), "Description": "d" * 251}
    instance.refused("InvalidParameterException", "Description", create, **long)
    unknown = {"SecurityProfileName": unique("p"), "InstanceId": absent_id()}
    instance.refused("ResourceNotFoundException", "Instance not found", create, **unknown)
    instance.refused("ResourceNotFoundException", None, "describe_security_profile", SecurityProfileId=absent_id())
