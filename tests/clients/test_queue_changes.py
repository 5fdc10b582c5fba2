"""Queues, hours of operation and quick connects after they are made."""

import pytest

from harness import flows
from harness.connect import absent_id, unique

NINE_TO_FIVE = {"StartTime": {"Hours": 9, "Minutes": 0}, "EndTime": {"Hours": 17, "Minutes": 0}}


def hours_of(instance, **parameters) -> str:
    parameters.setdefault("Name", unique("hours"))
    parameters.setdefault("TimeZone", "UTC")
    parameters.setdefault("Config", [{"Day": "MONDAY", **NINE_TO_FIVE}])
    return instance.create_hours_of_operation(**parameters)["HoursOfOperationId"]


def test_settings_of_a_queue(instance):
    queue, hours, name = instance.queue(), hours_of(instance), unique("renamed")
    instance.update_queue_name(QueueId=queue, Name=name)
    instance.update_queue_name(QueueId=queue, Description="something else")
    instance.update_queue_hours_of_operation(QueueId=queue, HoursOfOperationId=hours)
    instance.update_queue_outbound_caller_config(QueueId=queue, OutboundCallerConfig={"OutboundCallerIdName": "we"})
    shown = instance.describe_queue(QueueId=queue)["Queue"]
    assert (shown["Name"], shown["Description"], shown["HoursOfOperationId"]) == (name, "something else", hours)
    assert shown["OutboundCallerConfig"] == {"OutboundCallerIdName": "we"}

    on = {"QueueId": queue}
    instance.refused("DuplicateResourceException", "BasicQueue", "update_queue_name", **on, Name="BasicQueue")
    instance.refused("InvalidRequestException", "Name, Description", "update_queue_name", **on)
    absent = {"HoursOfOperationId": absent_id()}
    instance.refused("ResourceNotFoundException", "hours", "update_queue_hours_of_operation", **on, **absent)
    caller = {"OutboundCallerConfig": {"OutboundFlowId": absent_id()}}
    instance.refused("ResourceNotFoundException", None, "update_queue_outbound_caller_config", **on, **caller)


def test_quick_connects_of_a_queue(instance):
    queue, three = instance.queue(), [instance.quick_connect() for _ in range(3)]

    def listed():
        found = instance.list_queue_quick_connects(QueueId=queue)["QuickConnectSummaryList"]
        return {summary["Id"] for summary in found}

    assert listed() == set()
    for _ in range(2):
        instance.associate_queue_quick_connects(QueueId=queue, QuickConnectIds=three)
        assert listed() == set(three)
    pages = instance.pages("list_queue_quick_connects", "QuickConnectSummaryList", 2, QueueId=queue)
    assert [len(page) for page in pages] == [2, 1]
    for _ in range(2):
        instance.disassociate_queue_quick_connects(QueueId=queue, QuickConnectIds=three[:2])
        assert listed() == {three[2]}

    associate, disassociate = "associate_queue_quick_connects", "disassociate_queue_quick_connects"
    for operation in (associate, disassociate):
        absent = {"QueueId": queue, "QuickConnectIds": [absent_id()]}
        instance.refused("ResourceNotFoundException", "quick connect", operation, **absent)
        many = {"QueueId": queue, "QuickConnectIds": [absent_id() for _ in range(51)]}
        text = "QuickConnectIds must include at most 50 items"
        instance.refused("InvalidParameterException", text, operation, **many)
        none = {"QueueId": absent_id(), "QuickConnectIds": three}
        instance.refused("ResourceNotFoundException", "queue", operation, **none)
    instance.refused("ResourceNotFoundException", "queue", "list_queue_quick_connects", QueueId=absent_id())
    nonsense = {"QueueId": queue, "NextToken": "nonsense"}
    instance.refused("InvalidParameterException", "NextToken", "list_queue_quick_connects", **nonsense)


def test_a_queue_has_at_most_seven_hundred_quick_connects(fresh):
    queue, config = fresh.queue(), {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15550100"}}
    made = [fresh.quick_connect(config) for _ in range(701)]
    for first in range(0, 700, 50):
        fresh.associate_queue_quick_connects(QueueId=queue, QuickConnectIds=made[first : first + 50])
    one_more = {"QueueId": queue, "QuickConnectIds": made[700:]}
    fresh.refused("LimitExceededException", "700", "associate_queue_quick_connects", **one_more)


def test_the_end_of_a_queue(fresh):
    queue = fresh.queue()
    profile = fresh.create_routing_profile(
        Name="profile",
        Description="d",
        DefaultOutboundQueueId=fresh.queue_id(),
        MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 1}],
        ManualAssignmentQueueConfigs=[{"QueueReference": {"QueueId": queue, "Channel": "TASK"}}],
    )
    on = {"QueueId": queue}
    error = fresh.refused("ResourceInUseException", "Disassociate", "delete_queue", **on)
    assert error["ResourceId"] == profile["RoutingProfileArn"]
    fresh.delete_routing_profile(RoutingProfileId=profile["RoutingProfileId"])
    transfer = fresh.default_flow_id("Default queue transfer")
    config = {"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": queue, "ContactFlowId": transfer}}
    quick_connect = fresh.quick_connect(config)
    error = fresh.refused("ResourceInUseException", "quick connect", "delete_queue", **on)
    assert error["ResourceId"] == fresh.arn_of("transfer-destination", quick_connect)
    fresh.delete_quick_connect(QuickConnectId=quick_connect)
    task = fresh.task(ContactFlowId=fresh.flow(flows.into_queue(queue)))
    fresh.when_queued(task)
    fresh.refused("ResourceInUseException", "1 contacts wait", "delete_queue", **on)
    fresh.stop_contact(ContactId=task)
    fresh.delete_queue(**on)
    fresh.refused("ResourceNotFoundException", queue, "describe_queue", **on)
    assert fresh.contact(task)["QueueInfo"]["Id"] == queue


@pytest.mark.parametrize(
    "operation, rest",
    [
        ("update_queue_name", {"Name": "n"}),
        ("update_queue_hours_of_operation", {"HoursOfOperationId": absent_id()}),
        ("update_queue_outbound_caller_config", {"OutboundCallerConfig": {}}),
        ("associate_queue_quick_connects", {"QuickConnectIds": [absent_id()]}),
        ("disassociate_queue_quick_connects", {"QuickConnectIds": [absent_id()]}),
        ("delete_queue", {}),
    ],
)
def test_a_queue_that_is_not_there_and_that_of_an_agent(instance, operation, rest):
    instance.refused("ResourceNotFoundException", "queue", operation, QueueId=absent_id(), **rest)
    user = instance.user()
    instance.refused("InvalidRequestException", "STANDARD", operation, QueueId=user, **rest)


def test_changes_of_hours(instance):
    hours, name = hours_of(instance), unique("renamed")
    described = {"HoursOfOperationId": hours}
    instance.update_hours_of_operation(**described, Name=name, Description="summer")
    tuesday = [{"Day": "TUESDAY", **NINE_TO_FIVE}]
    instance.update_hours_of_operation(**described, TimeZone="Europe/Berlin", Config=tuesday)
    shown = instance.describe_hours_of_operation(**described)["HoursOfOperation"]
    assert (shown["Name"], shown["Description"], shown["TimeZone"]) == (name, "summer", "Europe/Berlin")
    assert shown["Config"] == tuesday
    update = "update_hours_of_operation"
    instance.refused("DuplicateResourceException", "Basic Hours", update, **described, Name="Basic Hours")
    instance.refused("InvalidParameterException", "Mars/Olympus", update, **described, TimeZone="Mars/Olympus")
    instance.refused("ResourceNotFoundException", "hours", update, HoursOfOperationId=absent_id(), Name="n")


def test_the_end_of_hours(instance):
    hours = hours_of(instance)
    queue = instance.queue(HoursOfOperationId=hours)
    delete = "delete_hours_of_operation"
    instance.refused("InvalidRequestException", queue, delete, HoursOfOperationId=hours)
    instance.update_queue_hours_of_operation(QueueId=queue, HoursOfOperationId=instance.hours_id())
    instance.delete_hours_of_operation(HoursOfOperationId=hours)
    instance.refused("ResourceNotFoundException", hours, "describe_hours_of_operation", HoursOfOperationId=hours)
    instance.refused("ResourceNotFoundException", hours, delete, HoursOfOperationId=hours)


def test_changes_of_quick_connects(instance):
    quick_connect, name, user = instance.quick_connect(), unique("renamed"), instance.user()
    described = {"QuickConnectId": quick_connect}
    instance.update_quick_connect_name(**described, Name=name)
    instance.update_quick_connect_name(**described, Description="to ann")
    flow = instance.default_flow_id("Default agent transfer")
    config = {"QuickConnectType": "USER", "UserConfig": {"UserId": user, "ContactFlowId": flow}}
    instance.update_quick_connect_config(**described, QuickConnectConfig=config)
    shown = instance.describe_quick_connect(**described)["QuickConnect"]
    assert (shown["Name"], shown["Description"], shown["QuickConnectConfig"]) == (name, "to ann", config)

    other = unique("other")
    instance.quick_connect(Name=other)
    rename, configure = "update_quick_connect_name", "update_quick_connect_config"
    instance.refused("InvalidRequestException", "already exists", rename, **described, Name=other)
    instance.refused("InvalidRequestException", "Name, Description", rename, **described)
    instance.refused("ResourceNotFoundException", None, rename, QuickConnectId=absent_id(), Name="n")
    wrong = {"QuickConnectConfig": config | {"QuickConnectType": "QUEUE"}}
    instance.refused("InvalidRequestException", "UserConfig", configure, **described, **wrong)
    absent = {"QuickConnectId": absent_id(), "QuickConnectConfig": config}
    instance.refused("ResourceNotFoundException", None, configure, **absent)
