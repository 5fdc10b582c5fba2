"""Queues and hours of operation."""

import pytest

from harness.connect import absent_id, unique

NINE_TO_FIVE = {"StartTime": {"Hours": 9, "Minutes": 0}, "EndTime": {"Hours": 17, "Minutes": 0}}


def test_a_queue_comes_back_as_it_was_given(instance):
    quick_connect = instance.quick_connect()
    definition = {
        "Name": unique("queue"),
        "Description": "what for",
        "HoursOfOperationId": instance.hours_id(),
        "MaxContacts": 5,
        "Tags": {"team": "blue"},
    }
    created = instance.create_queue(**definition, QuickConnectIds=[quick_connect])
    assert created["QueueArn"] == instance.arn_of("queue", created["QueueId"])
    queue = instance.describe_queue(QueueId=created["QueueId"])["Queue"]
    assert {member: queue[member] for member in definition} == definition
    assert queue["Status"] == "ENABLED"
    assert (queue["QueueId"], queue["QueueArn"]) == (created["QueueId"], created["QueueArn"])
    assert instance.describe_queue(QueueId=created["QueueArn"])["Queue"]["QueueId"] == created["QueueId"]


def test_status_and_bound_of_a_queue(instance):
    queue = instance.queue()
    instance.update_queue_status(QueueId=queue, Status="DISABLED")
    assert instance.describe_queue(QueueId=queue)["Queue"]["Status"] == "DISABLED"
    instance.update_queue_status(QueueId=queue, Status="ENABLED")
    instance.update_queue_max_contacts(QueueId=queue, MaxContacts=7)
    shown = instance.describe_queue(QueueId=queue)["Queue"]
    assert (shown["Status"], shown["MaxContacts"]) == ("ENABLED", 7)
    # Without a value the bound is taken away.
    instance.update_queue_max_contacts(QueueId=queue)
    assert "MaxContacts" not in instance.describe_queue(QueueId=queue)["Queue"]


def test_lists_of_queues(fresh):
    made = {fresh.queue(Name=f"queue {n}") for n in range(4)} | {fresh.queue_id()}
    user = fresh.user()
    pages = fresh.pages("list_queues", "QueueSummaryList", 4)
    assert [len(page) for page in pages] == [4, 2]
    found = {queue["Id"]: queue for page in pages for queue in page}
    assert set(found) == made | {user}
    assert found[user]["QueueType"] == "AGENT"
    assert found[user]["Arn"] == fresh.arn_of("queue/agent", user)
    assert "Name" not in found[user]
    standard = fresh.list_queues(QueueTypes=["STANDARD"])["QueueSummaryList"]
    assert {queue["Id"] for queue in standard} == made
    agents = fresh.list_queues(QueueTypes=["AGENT"])["QueueSummaryList"]
    assert {queue["Id"] for queue in agents} == {user}
    fresh.refused("InvalidParameterException", "NextToken", "list_queues", NextToken="nonsense")
    fresh.refused("InvalidParameterException", "MaxResults", "list_queues", MaxResults=0)
    fresh.refused("InvalidParameterException", "QueueTypes", "list_queues", QueueTypes=["NOVEL"])
    fresh.refused("ResourceNotFoundException", "Instance not found", "list_queues", InstanceId=absent_id())


def test_a_token_of_another_list_is_refused(fresh):
    for n in range(2):
        fresh.queue(Name=f"queue {n}")
    token = fresh.list_queues(MaxResults=1)["NextToken"]
    fresh.refused("InvalidParameterException", "NextToken", "list_contact_flows", NextToken=token)


def test_refused_queues(instance):
    create = "create_queue"
    taken = unique("taken")
    queue = instance.queue(Name=taken)
    call = {"Name": unique("queue"), "HoursOfOperationId": instance.hours_id()}
    instance.refused("DuplicateResourceException", "already exists", create, **call | {"Name": taken})
    instance.refused("InvalidParameterException", "Name", create, **call | {"Name": "n" * 128})
    instance.refused("InvalidParameterException", "Description", create, **call | {"Description": "d" * 251})
    instance.refused("InvalidParameterException", "MaxContacts", create, **call | {"MaxContacts": -1})
    instance.refused("ResourceNotFoundException", None, create, **call | {"HoursOfOperationId": absent_id()})
    instance.refused("ResourceNotFoundException", None, create, **call | {"QuickConnectIds": [absent_id()]})
    fifty_one = {"QuickConnectIds": [absent_id() for _ in range(51)]}
    instance.refused("InvalidParameterException", "QuickConnectIds must include at most 50", create, **call | fifty_one)
    instance.refused("ResourceNotFoundException", "Instance not found", create, **call | {"InstanceId": absent_id()})
    instance.refused("ResourceNotFoundException", None, "describe_queue", QueueId=absent_id())
    instance.refused("ResourceNotFoundException", None, "update_queue_status", QueueId=absent_id(), Status="ENABLED")
    instance.refused("InvalidParameterException", "Status", "update_queue_status", QueueId=queue, Status="NOVEL")
    maximum = "update_queue_max_contacts"
    instance.refused("ResourceNotFoundException", None, maximum, QueueId=absent_id(), MaxContacts=1)
    instance.refused("InvalidParameterException", "MaxContacts", maximum, QueueId=queue, MaxContacts=-1)


def test_hours_come_back_as_they_were_given(instance):
    config = [{"Day": day, **NINE_TO_FIVE} for day in ("MONDAY", "TUESDAY", "SUNDAY")]
    definition = {
        "Name": unique("hours"),
        "Description": "office hours",
        "TimeZone": "Europe/Berlin",
        "Config": config,
        "Tags": {"team": "blue"},
    }
    created = instance.create_hours_of_operation(**definition)
    hours_id = created["HoursOfOperationId"]
    assert created["HoursOfOperationArn"] == instance.arn_of("operating-hours", hours_id)
    hours = instance.describe_hours_of_operation(HoursOfOperationId=hours_id)["HoursOfOperation"]
    assert sorted(hours.pop("Config"), key=str) == sorted(config, key=str)
    assert {member: hours[member] for member in definition if member != "Config"} == {
        member: value for member, value in definition.items() if member != "Config"
    }
    # Old names of time zones are taken too.
    instance.create_hours_of_operation(Name=unique("hours"), TimeZone="EST", Config=config)


def test_lists_of_hours(fresh):
    made = {
        fresh.create_hours_of_operation(Name=f"hours {n}", TimeZone="UTC", Config=[])["HoursOfOperationId"]
        for n in range(4)
    } | {fresh.hours_id()}
    pages = fresh.pages("list_hours_of_operations", "HoursOfOperationSummaryList", 3)
    assert [len(page) for page in pages] == [3, 2]
    assert {hours["Id"] for page in pages for hours in page} == made
    listing = "list_hours_of_operations"
    fresh.refused("InvalidParameterException", "NextToken", listing, NextToken="nonsense")
    fresh.refused("ResourceNotFoundException", "Instance not found", listing, InstanceId=absent_id())


def test_refused_hours(instance):
    create = "create_hours_of_operation"
    taken = unique("taken")
    call = {"Name": taken, "TimeZone": "UTC", "Config": [{"Day": "MONDAY", **NINE_TO_FIVE}]}
    instance.create_hours_of_operation(**call)
    instance.refused("DuplicateResourceException", "already exists", create, **call)
    call["Name"] = unique("hours")
    instance.refused("InvalidParameterException", "TimeZone", create, **call | {"TimeZone": "Mars/Olympus"})
    instance.refused("InvalidParameterException", "Day", create, **call | {"Config": [{"Day": "X", **NINE_TO_FIVE}]})
    late = {"Day": "MONDAY", **NINE_TO_FIVE, "StartTime": {"Hours": 24, "Minutes": 0}}
    instance.refused("InvalidParameterException", "Hours", create, **call | {"Config": [late]})
    instance.refused("ResourceNotFoundException", "Instance not found", create, **call | {"InstanceId": absent_id()})
    instance.refused("ResourceNotFoundException", None, "describe_hours_of_operation", HoursOfOperationId=absent_id())


@pytest.mark.parametrize("operation", ["create_queue", "create_hours_of_operation"])
def test_required_members(instance, operation):
    instance.refused("InvalidRequestException", "Required parameter missing: Name", operation)
