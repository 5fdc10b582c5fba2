"""Routing profiles after they are made: the queues they serve, the other settings, their end, and the search."""

import pytest

from harness import flows
from harness.connect import absent_id, unique


def profile_of(instance, **parameters) -> str:
    parameters.setdefault("Name", unique("profile"))
    parameters.setdefault("Description", "what for")
    parameters.setdefault("DefaultOutboundQueueId", instance.queue_id())
    parameters.setdefault("MediaConcurrencies", [{"Channel": "TASK", "Concurrency": 5}])
    return instance.create_routing_profile(**parameters)["RoutingProfileId"]


def pair(queue: str, channel: str = "TASK") -> dict:
    return {"QueueId": queue, "Channel": channel}


def config(queue: str, priority: int = 1, delay: int = 0, channel: str = "TASK") -> dict:
    return {"QueueReference": pair(queue, channel), "Priority": priority, "Delay": delay}


def queues_of(instance, profile: str) -> dict:
    listed = instance.list_routing_profile_queues(RoutingProfileId=profile)["RoutingProfileQueueConfigSummaryList"]
    return {(queue["QueueId"], queue["Channel"]): (queue["Priority"], queue["Delay"]) for queue in listed}


def manual_queues_of(instance, profile: str) -> set:
    answer = instance.list_routing_profile_manual_assignment_queues(RoutingProfileId=profile)
    listed = answer["RoutingProfileManualAssignmentQueueConfigSummaryList"]
    return {(queue["QueueId"], queue["Channel"]) for queue in listed}


def test_queues_of_a_profile(instance):
    profile, first, second = profile_of(instance), instance.queue(), instance.queue()
    assert queues_of(instance, profile) == {}
    instance.associate_routing_profile_queues(
        RoutingProfileId=profile,
        QueueConfigs=[config(first, 1, 0), config(second, 2, 30), config(second, 3, 0, "CHAT")],
        ManualAssignmentQueueConfigs=[{"QueueReference": pair(first)}],
    )
    expected = {(first, "TASK"): (1, 0), (second, "TASK"): (2, 30), (second, "CHAT"): (3, 0)}
    assert queues_of(instance, profile) == expected
    assert manual_queues_of(instance, profile) == {(first, "TASK")}
    # Once more, with another priority: the pair stays one.
    instance.associate_routing_profile_queues(RoutingProfileId=profile, QueueConfigs=[config(first, 9, 9)])
    assert queues_of(instance, profile) == expected | {(first, "TASK"): (9, 9)}
    instance.update_routing_profile_queues(RoutingProfileId=profile, QueueConfigs=[config(second, 7, 8)])
    assert queues_of(instance, profile)[(second, "TASK")] == (7, 8)
    shown = instance.describe_routing_profile(RoutingProfileId=profile)["RoutingProfile"]
    assert (shown["NumberOfAssociatedQueues"], shown["NumberOfAssociatedManualAssignmentQueues"]) == (2, 1)
    for _ in range(2):
        instance.disassociate_routing_profile_queues(
            RoutingProfileId=profile,
            QueueReferences=[pair(second), pair(second, "CHAT")],
            ManualAssignmentQueueReferences=[pair(first)],
        )
        assert queues_of(instance, profile) == {(first, "TASK"): (9, 9)}
        assert manual_queues_of(instance, profile) == set()


def test_pages_of_the_queues_of_a_profile(instance):
    profile, queues = profile_of(instance), [instance.queue() for _ in range(5)]
    manual = [{"QueueReference": pair(queue)} for queue in queues]
    instance.associate_routing_profile_queues(
        RoutingProfileId=profile, QueueConfigs=[config(queue) for queue in queues], ManualAssignmentQueueConfigs=manual
    )
    for operation, key in (
        ("list_routing_profile_queues", "RoutingProfileQueueConfigSummaryList"),
        (
            "list_routing_profile_manual_assignment_queues",
            "RoutingProfileManualAssignmentQueueConfigSummaryList",
        ),
    ):
        pages = instance.pages(operation, key, 2, RoutingProfileId=profile)
        assert [len(page) for page in pages] == [2, 2, 1]
        assert {(queue["QueueId"], queue["QueueArn"]) for page in pages for queue in page} == {
            (queue, instance.arn_of("queue", queue)) for queue in queues
        }
        instance.refused("ResourceNotFoundException", "routing profile", operation, RoutingProfileId=absent_id())
        instance.refused(
            "InvalidParameterException", "NextToken", operation, RoutingProfileId=profile, NextToken="nonsense"
        )


def test_other_settings_of_a_profile(instance):
    profile, queue, name = profile_of(instance), instance.queue(), unique("renamed")
    instance.update_routing_profile_name(RoutingProfileId=profile, Name=name)
    instance.update_routing_profile_name(RoutingProfileId=profile, Description="something else")
    instance.update_routing_profile_concurrency(
        RoutingProfileId=profile,
        MediaConcurrencies=[
            {
                "Channel": "TASK",
                "Concurrency": 2,
                "CrossChannelBehavior": {"BehaviorType": "ROUTE_ANY_CHANNEL"},
            }
        ],
    )
    instance.update_routing_profile_default_outbound_queue(RoutingProfileId=profile, DefaultOutboundQueueId=queue)
    instance.update_routing_profile_agent_availability_timer(
        RoutingProfileId=profile, AgentAvailabilityTimer="TIME_SINCE_LAST_INBOUND"
    )
    shown = instance.describe_routing_profile(RoutingProfileId=profile)["RoutingProfile"]
    assert (shown["Name"], shown["Description"]) == (name, "something else")
    assert shown["MediaConcurrencies"] == [
        {"Channel": "TASK", "Concurrency": 2, "CrossChannelBehavior": {"BehaviorType": "ROUTE_ANY_CHANNEL"}}
    ]
    assert (shown["DefaultOutboundQueueId"], shown["AgentAvailabilityTimer"]) == (queue, "TIME_SINCE_LAST_INBOUND")


def test_the_end_of_a_profile(instance):
    profile = profile_of(instance)
    user = instance.user(RoutingProfileId=profile)
    error = instance.refused("ResourceInUseException", user, "delete_routing_profile", RoutingProfileId=profile)
    assert (error["ResourceType"], error["ResourceId"]) == ("USER", instance.user_arn(user))
    unused = profile_of(instance)
    instance.delete_routing_profile(RoutingProfileId=unused)
    instance.refused("ResourceNotFoundException", unused, "describe_routing_profile", RoutingProfileId=unused)


def test_search_of_profiles(fresh):
    queue = fresh.queue()
    blue = profile_of(fresh, Name="Blue team", Tags={"color": "blue"}, QueueConfigs=[config(queue)])
    red = profile_of(fresh, Name="Red team", Tags={"color": "red"})

    def found(**parameters):
        answer = fresh.search_routing_profiles(**parameters)
        assert answer["ApproximateTotalCount"] == len(answer["RoutingProfiles"])
        return {profile["RoutingProfileId"] for profile in answer["RoutingProfiles"]}

    def text(name, value, comparison):
        return {"StringCondition": {"FieldName": name, "Value": value, "ComparisonType": comparison}}

    def tag(value):
        return {"TagKey": "color", "TagValue": value}

    assert found() == {blue, red, fresh.routing_profile_id()}
    assert found(SearchCriteria=text("name", "TEAM", "CONTAINS")) == {blue, red}
    assert found(SearchCriteria=text("name", "blue", "STARTS_WITH")) == {blue}
    assert found(SearchCriteria=text("associatedQueueIds", queue, "EXACT")) == {blue}
    both = [text("name", "team", "CONTAINS"), text("name", "red", "STARTS_WITH")]
    assert found(SearchCriteria={"AndConditions": both}) == {red}
    assert found(SearchCriteria={"OrConditions": both}) == {blue, red}
    assert found(SearchFilter={"TagFilter": {"TagCondition": tag("red")}}) == {red}
    assert found(SearchFilter={"TagFilter": {"OrConditions": [[tag("red")], [tag("blue")]]}}) == {blue, red}
    assert found(SearchFilter={"TagFilter": {"AndConditions": [tag("red"), tag("blue")]}}) == set()
    pages = fresh.pages("search_routing_profiles", "RoutingProfiles", 2)
    assert [len(page) for page in pages] == [2, 1]
    search = "search_routing_profiles"
    fresh.refused("InvalidParameterException", "resourceID", search, SearchCriteria=text("color", "red", "EXACT"))
    fresh.refused("InvalidParameterException", "whole", search, SearchCriteria={"StringCondition": {"Value": "x"}})


def test_refused_changes_of_profiles(instance):
    profile, queue = profile_of(instance), instance.queue()
    associate, disassociate = "associate_routing_profile_queues", "disassociate_routing_profile_queues"
    on = {"RoutingProfileId": profile}
    instance.refused("InvalidRequestException", "QueueConfigs", associate, **on)
    instance.refused("InvalidRequestException", "QueueReferences", disassociate, **on)
    twice = {"QueueConfigs": [config(queue), config(queue)]}
    instance.refused("InvalidParameterException", "twice", associate, **on, **twice)
    instance.refused("ResourceNotFoundException", "queue", associate, **on, QueueConfigs=[config(absent_id())])
    voice = {"ManualAssignmentQueueConfigs": [{"QueueReference": pair(queue, "VOICE")}]}
    instance.refused("InvalidParameterException", "VOICE", associate, **on, **voice)
    instance.refused("ResourceNotFoundException", "queue", disassociate, **on, QueueReferences=[pair(absent_id())])
    update = "update_routing_profile_queues"
    way_out = "AssociateRoutingProfileQueues"
    instance.refused("InvalidRequestException", way_out, update, **on, QueueConfigs=[config(queue)])
    rename = "update_routing_profile_name"
    instance.refused("InvalidRequestException", "Name, Description", rename, **on)
    instance.refused("DuplicateResourceException", "already exists", rename, **on, Name="Basic Routing Profile")
    two = [{"Channel": "VOICE", "Concurrency": 2}]
    concurrency = "update_routing_profile_concurrency"
    instance.refused("InvalidParameterException", "VOICE", concurrency, **on, MediaConcurrencies=two)


def test_a_profile_has_at_most_fifty_pairs(fresh):
    profile = profile_of(fresh)
    for _ in range(5):
        configs = [config(fresh.queue()) for _ in range(10)]
        fresh.associate_routing_profile_queues(RoutingProfileId=profile, QueueConfigs=configs)
    one_more = {"RoutingProfileId": profile, "QueueConfigs": [config(fresh.queue())]}
    fresh.refused("InvalidRequestException", "50", "associate_routing_profile_queues", **one_more)


@pytest.mark.parametrize(
    "operation, rest",
    [
        ("update_routing_profile_name", {"Name": "n"}),
        ("update_routing_profile_concurrency", {"MediaConcurrencies": []}),
        ("update_routing_profile_default_outbound_queue", {"DefaultOutboundQueueId": absent_id()}),
        ("update_routing_profile_agent_availability_timer", {"AgentAvailabilityTimer": "TIME_SINCE_LAST_ACTIVITY"}),
        ("delete_routing_profile", {}),
    ],
)
def test_a_profile_that_is_not_there(instance, operation, rest):
    instance.refused("ResourceNotFoundException", "routing profile", operation, RoutingProfileId=absent_id(), **rest)


def test_a_change_of_a_profile_reaches_routing_with_its_answer(fresh):
    queue, other = fresh.queue(), fresh.queue()
    profile = profile_of(fresh, MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 1}])
    user = fresh.user(RoutingProfileId=profile)
    statuses = fresh.list_agent_statuses()["AgentStatusSummaryList"]
    available = next(status["Id"] for status in statuses if status["Name"] == "Available")
    fresh.put_user_status(UserId=user, AgentStatusId=available)
    first, second = (fresh.task(ContactFlowId=fresh.flow(flows.into_queue(to))) for to in (queue, other))
    for task in (first, second):
        fresh.when_queued(task)

    def offered() -> set[str]:
        data = fresh.get_current_user_data(Filters={"Agents": [user]})["UserDataList"][0]
        return {contact["ContactId"] for contact in data["Contacts"]}

    assert offered() == set()
    fresh.associate_routing_profile_queues(RoutingProfileId=profile, QueueConfigs=[config(queue)])
    assert offered() == {first}
    fresh.associate_routing_profile_queues(RoutingProfileId=profile, QueueConfigs=[config(other)])
    assert offered() == {first}
    two = [{"Channel": "TASK", "Concurrency": 2}]
    fresh.update_routing_profile_concurrency(RoutingProfileId=profile, MediaConcurrencies=two)
    assert offered() == {first, second}
