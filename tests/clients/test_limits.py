"""Quotas per instance (quotas.md section 1), on a server where each is small."""

import botocore.exceptions
import pytest

from harness import flows
from harness.connect import Instance, client, error_code, field, unique
from harness.server import Server

# Above what a new instance has.
CONFIG = """
[limits]
instances_max = 2
contact_flows_max = 10
queues_max = 3
quick_connects_max = 2
hours_of_operation_max = 2
users_max = 1
routing_profiles_max = 2
security_profiles_max = 5
task_templates_max = 2
routing_profile_queues_max = 1
user_proficiencies_max = 1
lambda_functions_max = 1
user_hierarchy_groups_max = 1
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("limited"), config=CONFIG).start()
    yield Instance.create(server)
    server.stop()


def fill(make, bound: int) -> None:
    """Makes things until the quota refuses one; fails if it does not within its bound."""
    for _ in range(bound + 1):
        try:
            make()
        except botocore.exceptions.ClientError as refusal:
            assert error_code(refusal) == "LimitExceededException", refusal
            return
    raise AssertionError(f"no refusal after {bound + 1}")


def test_flows(limited):
    content = flows.waiting()
    fill(lambda: limited.flow(content), 10)
    call = {"Name": unique("flow"), "Type": "CONTACT_FLOW", "Content": content}
    limited.refused("LimitExceededException", "quota", "create_contact_flow", **call)


def test_queues(limited):
    fill(limited.queue, 3)
    call = {"Name": unique("queue"), "HoursOfOperationId": limited.hours_id()}
    limited.refused("LimitExceededException", "quota", "create_queue", **call)


def test_quick_connects(limited):
    config = {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+14155550100"}}
    fill(lambda: limited.quick_connect(config), 2)
    call = {"Name": unique("quick connect"), "QuickConnectConfig": config}
    limited.refused("LimitExceededException", "quota", "create_quick_connect", **call)


def test_hours(limited):
    call = {"Name": unique("hours"), "TimeZone": "UTC", "Config": []}
    fill(lambda: limited.create_hours_of_operation(**call | {"Name": unique("hours")}), 2)
    limited.refused("LimitExceededException", "quota", "create_hours_of_operation", **call)


def test_users(limited):
    fill(limited.user, 1)
    call = {
        "Username": unique("user").replace(" ", "."),
        "Password": "A-password-2026",
        "PhoneConfig": {"PhoneType": "SOFT_PHONE"},
        "SecurityProfileIds": [limited.security_profile_id()],
        "RoutingProfileId": limited.routing_profile_id(),
    }
    limited.refused("LimitExceededException", "quota", "create_user", **call)


def test_routing_profiles(limited):
    call = {
        "Name": unique("profile"),
        "Description": "d",
        "DefaultOutboundQueueId": limited.queue_id(),
        "MediaConcurrencies": [{"Channel": "TASK", "Concurrency": 1}],
    }
    fill(lambda: limited.create_routing_profile(**call | {"Name": unique("profile")}), 2)
    limited.refused("LimitExceededException", "quota", "create_routing_profile", **call)


def test_security_profiles(limited):
    fill(lambda: limited.create_security_profile(SecurityProfileName=unique("profile")), 5)
    call = {"SecurityProfileName": unique("profile")}
    limited.refused("LimitExceededException", "quota", "create_security_profile", **call)


def test_task_templates(limited):
    inbound = limited.list_contact_flows(ContactFlowTypes=["CONTACT_FLOW"])["ContactFlowSummaryList"]
    flow = inbound[0]["Id"] if inbound else limited.flow(flows.waiting())
    made = [limited.template(ContactFlowId=flow) for _ in range(2)]
    call = {"Name": unique("template"), "ContactFlowId": flow, "Fields": [field("Task name", "NAME")]}
    limited.refused("ServiceQuotaExceededException", "quota", "create_task_template", **call)
    limited.delete_task_template(TaskTemplateId=made[0])
    limited.template(ContactFlowId=flow)


def test_instances(limited):
    Instance.create(limited.server)
    connect = client(limited.server)
    call = {"IdentityManagementType": "CONNECT_MANAGED", "InboundCallsEnabled": True, "OutboundCallsEnabled": True}
    with pytest.raises(connect.exceptions.ServiceQuotaExceededException, match="quota"):
        connect.create_instance(InstanceAlias="one-too-many", **call)
    assert len(connect.list_instances()["InstanceSummaryList"]) == 2


def test_quotas_as_amazon_connect_has_them(tmp_path):
    """StartTaskContact two times a second after a burst of five, in virtual time."""
    server = Server(tmp_path, test_clock=True, flags=("--quotas", "aws")).start()
    try:
        instance = Instance.create(server)
        call = {"Name": "a task", "ContactFlowId": instance.flow(flows.waiting())}
        for _ in range(5):
            instance.task(**call)
        instance.refused("ThrottlingException", "2 calls a second", "start_task_contact", **call)
        server.advance(1)
        for _ in range(2):
            instance.task(**call)
        instance.refused("ThrottlingException", "2 calls a second", "start_task_contact", **call)
        # Other operations have their own.
        assert instance.list_queues()["QueueSummaryList"]
    finally:
        assert server.stop() == 0


def test_functions(limited):
    function = "arn:aws:lambda:us-east-1:000000000000:function"
    limited.associate_lambda_function(FunctionArn=f"{function}:one")
    another = {"FunctionArn": f"{function}:two"}
    limited.refused("ServiceQuotaExceededException", "quota", "associate_lambda_function", **another)


def test_hierarchy_groups(limited):
    limited.update_user_hierarchy_structure(HierarchyStructure={"LevelOne": {"Name": "Site"}})
    limited.create_user_hierarchy_group(Name="one")
    limited.refused("LimitExceededException", "quota", "create_user_hierarchy_group", Name="two")


def test_queues_of_a_routing_profile(limited):
    profile = limited.routing_profile_id()
    other = {"QueueReference": {"QueueId": limited.queue_id(), "Channel": "CHAT"}, "Priority": 1, "Delay": 0}
    part = "the most is 1"
    associate = "associate_routing_profile_queues"
    limited.refused("InvalidRequestException", part, associate, RoutingProfileId=profile, QueueConfigs=[other])


def test_proficiencies_of_a_user(limited):
    users = limited.list_users()["UserSummaryList"]
    user = users[0]["Id"] if users else limited.user()
    limited.create_predefined_attribute(Name="language", Values={"StringList": ["en", "de"]})
    skills = [{"AttributeName": "language", "AttributeValue": value, "Level": 1.0} for value in ("en", "de")]
    associate = "associate_user_proficiencies"
    limited.refused("InvalidRequestException", "the most is 1", associate, UserId=user, UserProficiencies=skills)
