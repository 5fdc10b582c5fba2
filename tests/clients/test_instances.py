"""Instances: CreateInstance, DescribeInstance, ListInstances, DeleteInstance, and what a new instance has."""

import uuid

import pytest

from harness import flows
from harness.connect import Instance, absent_id, client, instance_arn, unique


def alias() -> str:
    return unique("instance").replace(" ", "-")


def create(connect, **parameters):
    call = {
        "IdentityManagementType": "CONNECT_MANAGED",
        "InboundCallsEnabled": True,
        "OutboundCallsEnabled": False,
    } | parameters
    return connect.create_instance(**call)


def test_an_instance_comes_back_as_it_was_asked_for(server):
    name = alias()
    instance = Instance.create(server, name)
    assert uuid.UUID(instance.id)
    assert instance.arn == instance_arn(instance.id)
    shown = instance.describe_instance()["Instance"]
    assert shown["Id"] == instance.id
    assert shown["Arn"] == instance.arn
    assert shown["InstanceAlias"] == name
    assert shown["IdentityManagementType"] == "CONNECT_MANAGED"
    assert shown["InstanceStatus"] == "ACTIVE"
    assert shown["InboundCallsEnabled"] is True
    assert shown["OutboundCallsEnabled"] is True
    assert "StatusReason" not in shown
    assert "CreatedTime" in shown
    assert instance.describe_instance(InstanceId=instance.arn)["Instance"]["Id"] == instance.id


def test_tags_and_switches_are_kept(server):
    connect = client(server)
    answer = create(connect, InstanceAlias=alias(), Tags={"team": "blue"})
    instance = Instance(server, answer["Id"], answer["Arn"])
    shown = instance.describe_instance()["Instance"]
    assert shown["OutboundCallsEnabled"] is False
    assert shown["Tags"] == {"team": "blue"}


def test_the_same_token_creates_once(server):
    connect = client(server)
    token = unique("token")
    call = {"InstanceAlias": alias(), "ClientToken": token}
    assert create(connect, **call)["Id"] == create(connect, **call)["Id"]


def test_what_a_new_instance_has(fresh):
    def names(answer, key, name="Name"):
        return sorted(entry[name] for entry in answer[key])

    queues = fresh.list_queues()["QueueSummaryList"]
    assert [(queue["Name"], queue["QueueType"]) for queue in queues] == [("BasicQueue", "STANDARD")]
    assert names(fresh.list_hours_of_operations(), "HoursOfOperationSummaryList") == ["Basic Hours"]
    assert names(fresh.list_routing_profiles(), "RoutingProfileSummaryList") == ["Basic Routing Profile"]
    assert names(fresh.list_security_profiles(), "SecurityProfileSummaryList") == [
        "Admin",
        "Agent",
        "CallCenterManager",
        "QualityAnalyst",
    ]
    shown = fresh.list_contact_flows()["ContactFlowSummaryList"]
    assert {(flow["Name"], flow["ContactFlowType"]) for flow in shown} == {
        ("Default agent hold", "AGENT_HOLD"),
        ("Default agent transfer", "AGENT_TRANSFER"),
        ("Default agent whisper", "AGENT_WHISPER"),
        ("Default customer hold", "CUSTOMER_HOLD"),
        ("Default customer queue", "CUSTOMER_QUEUE"),
        ("Default customer whisper", "CUSTOMER_WHISPER"),
        ("Default outbound", "OUTBOUND_WHISPER"),
        ("Default queue transfer", "QUEUE_TRANSFER"),
    }
    assert {(flow["ContactFlowState"], flow["ContactFlowStatus"]) for flow in shown} == {("ACTIVE", "PUBLISHED")}
    queue = fresh.describe_queue(QueueId=fresh.queue_id())["Queue"]
    assert queue["Status"] == "ENABLED"
    assert "MaxContacts" not in queue
    assert queue["HoursOfOperationId"] == fresh.hours_id()
    profile = fresh.describe_routing_profile(RoutingProfileId=fresh.routing_profile_id())["RoutingProfile"]
    assert profile["DefaultOutboundQueueId"] == fresh.queue_id()
    assert {"Channel": "TASK", "Concurrency": 10} in [
        {"Channel": entry["Channel"], "Concurrency": entry["Concurrency"]} for entry in profile["MediaConcurrencies"]
    ]
    assert fresh.list_users()["UserSummaryList"] == []
    assert fresh.list_quick_connects()["QuickConnectSummaryList"] == []
    assert fresh.list_task_templates()["TaskTemplates"] == []


def test_default_flows_can_be_read(fresh):
    for flow in fresh.list_contact_flows()["ContactFlowSummaryList"]:
        shown = fresh.describe_contact_flow(ContactFlowId=flow["Id"])["ContactFlow"]
        assert flows.VERSION in shown["Content"]


def test_refused_creations(server, instance):
    def refused(exception: str, part: str, **parameters):
        connect = client(server, parameter_validation=False)
        call = {
            "IdentityManagementType": "CONNECT_MANAGED",
            "InstanceAlias": alias(),
            "InboundCallsEnabled": True,
            "OutboundCallsEnabled": True,
        } | parameters
        call = {member: value for member, value in call.items() if value is not None}
        before = listed()
        with pytest.raises(getattr(connect.exceptions, exception), match=part):
            connect.create_instance(**call)
        assert listed() == before

    def listed():
        pages = client(server).get_paginator("list_instances").paginate()
        return {entry["Id"] for page in pages for entry in page["InstanceSummaryList"]}

    taken = instance.describe_instance()["Instance"]["InstanceAlias"]
    refused("InvalidRequestException", "Instance alias is already used", InstanceAlias=taken)
    refused("InvalidRequestException", "InstanceAlias", InstanceAlias="d-1234567890")
    refused("InvalidRequestException", "InstanceAlias", InstanceAlias="a" * 46)
    refused("InvalidRequestException", "InstanceAlias", InstanceAlias="under_score")
    refused("InvalidRequestException", "IdentityManagementType", IdentityManagementType="PAPER")
    refused("InvalidRequestException", "IdentityManagementType", IdentityManagementType=None)
    refused("InvalidRequestException", "InboundCallsEnabled", InboundCallsEnabled=None)
    refused("InvalidRequestException", "Tags", Tags={"aws:reserved": "x"})


def test_lists_page_by_page(server, instance):
    Instance.create(server)
    Instance.create(server)
    pages = instance.client.get_paginator("list_instances").paginate(PaginationConfig={"PageSize": 2})
    found = [entry for page in pages for entry in page["InstanceSummaryList"]]
    assert len({entry["Id"] for entry in found}) == len(found) >= 3
    mine = next(entry for entry in found if entry["Id"] == instance.id)
    assert mine["Arn"] == instance.arn
    assert mine["InstanceStatus"] == "ACTIVE"
    instance.refused("InvalidRequestException", "NextToken", "list_instances", NextToken="nonsense")
    instance.refused("InvalidRequestException", "MaxResults", "list_instances", MaxResults=11)
    instance.refused("InvalidRequestException", "MaxResults", "list_instances", MaxResults=0)


def test_a_deleted_instance_is_gone_with_everything_in_it(server):
    name = alias()
    instance = Instance.create(server, name)
    task = instance.task(ContactFlowId=instance.flow(flows.waiting()))
    instance.delete_instance()
    exceptions = instance.client.exceptions
    for call in (
        lambda: instance.describe_instance(),
        lambda: instance.delete_instance(),
        lambda: instance.list_queues(),
        lambda: instance.describe_contact(ContactId=task),
    ):
        with pytest.raises(exceptions.ResourceNotFoundException, match="Instance not found"):
            call()
    # The alias is free again.
    assert Instance.create(server, name).id != instance.id


def test_unknown_instances(instance):
    for operation in ("describe_instance", "delete_instance"):
        instance.refused("ResourceNotFoundException", "Instance not found", operation, InstanceId=absent_id())
    instance.refused("InvalidRequestException", "InstanceId", "describe_instance", InstanceId="i" * 101)
