"""Contacts after their start: describe, stop, update, attributes, references, schedule, expiry, tags."""

import pytest

from harness import flows
from harness.connect import absent_id

DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def flow(instance):
    return instance.flow(flows.waiting())


@pytest.fixture
def task(instance, flow):
    return instance.task(ContactFlowId=flow)


def expiry(minutes: int) -> dict:
    return {"connect:ContactExpiry": {"ValueMap": {"ExpiryDuration": {"ValueInteger": minutes}}}}


def test_a_contact_is_found_by_id_and_arn(instance, task):
    assert instance.describe_contact(ContactId=task)["Contact"]["Id"] == task
    by_arn = instance.describe_contact(InstanceId=instance.arn, ContactId=instance.arn_of("contact", task))
    assert by_arn["Contact"]["Id"] == task
    instance.refused("ResourceNotFoundException", None, "describe_contact", ContactId=absent_id())
    instance.refused("InvalidParameterException", "ContactId", "describe_contact", ContactId="c" * 257)
    unknown = {"ContactId": task, "InstanceId": absent_id()}
    instance.refused("ResourceNotFoundException", "Instance not found", "describe_contact", **unknown)


def test_a_contact_of_another_instance_is_not_found(instance, fresh, task):
    fresh.refused("ResourceNotFoundException", None, "describe_contact", ContactId=task)
    fresh.refused("ContactNotFoundException", None, "stop_contact", ContactId=task)


def test_stopping(instance, task):
    instance.stop_contact(ContactId=task)
    ended = instance.when_ended(task)
    assert ended["DisconnectReason"] == "API"
    assert ended["DisconnectTimestamp"] >= ended["InitiationTimestamp"]
    instance.refused("ContactNotFoundException", "ended", "stop_contact", ContactId=task)
    instance.refused("ContactNotFoundException", None, "stop_contact", ContactId=absent_id())
    unknown = {"ContactId": task, "InstanceId": absent_id()}
    instance.refused("ResourceNotFoundException", "Instance not found", "stop_contact", **unknown)


def test_stopping_a_queued_and_a_scheduled_task(timed):
    queued = timed.task(ContactFlowId=timed.flow())
    timed.when_queued(queued)
    timed.stop_contact(ContactId=queued)
    ended = timed.when_ended(queued)
    assert ended["DisconnectReason"] == "API"
    assert ended["QueueInfo"]["Id"] == timed.queue_id()
    flow = timed.flow(flows.marking("ran", "yes"))
    scheduled = timed.task(ContactFlowId=flow, ScheduledTime=int(timed.server.now()) + 3600)
    timed.stop_contact(ContactId=scheduled)
    timed.server.advance(7200)
    ended = timed.when_ended(scheduled)
    assert ended["DisconnectReason"] == "API"
    assert "ConnectedToSystemTimestamp" not in ended
    assert timed.attributes(scheduled) == {}


def test_updating(instance, task):
    instance.update_contact(
        ContactId=task,
        Name="new name",
        Description="new description",
        References={"page": {"Type": "URL", "Value": "https://example.com/"}},
        SegmentAttributes=expiry(60),
    )
    shown = instance.contact(task)
    assert (shown["Name"], shown["Description"]) == ("new name", "new description")
    duration = shown["SegmentAttributes"]["connect:ContactExpiry"]["ValueMap"]["ExpiryDuration"]
    assert duration == {"ValueInteger": 60}
    # References merge by key.
    references = {"page": {"Type": "URL", "Value": "https://example.org/"}, "n": {"Type": "NUMBER", "Value": "1"}}
    instance.update_contact(ContactId=task, References=references)
    instance.update_contact(ContactId=task, References={"s": {"Type": "STRING", "Value": "x"}})
    found = instance.references(task, "URL", "NUMBER", "STRING")
    assert {name: summary["Value"] for name, summary in found.items()} == {
        "page": "https://example.org/",
        "n": "1",
        "s": "x",
    }
    # Also after the end.
    instance.stop_contact(ContactId=task)
    instance.when_ended(task)
    instance.update_contact(ContactId=task, Name="after the end")
    assert instance.contact(task)["Name"] == "after the end"


def test_refused_updates(instance, task):
    update = "update_contact"
    instance.refused("InvalidRequestException", "nothing to update", update, ContactId=task)
    instance.refused("InvalidParameterException", "Name", update, ContactId=task, Name="n" * 1025)
    instance.refused("ResourceNotFoundException", None, update, ContactId=absent_id(), Name="x")
    bad = {"r": {"Type": "DATE", "Value": "tomorrow"}}
    reference = "Invalid reference passed"
    instance.refused("InvalidRequestException", reference, update, ContactId=task, References=bad)
    long = {"r": {"Type": "STRING", "Value": "v" * 4096}}
    instance.refused("InvalidRequestException", reference, update, ContactId=task, References=long)
    invalid = {"ContactId": task, "SegmentAttributes": expiry(0)}
    instance.refused("InvalidParameterException", "ExpiryDuration", update, **invalid)
    system = {"ContactId": task, "SegmentAttributes": {"connect:Subtype": {"ValueString": "x"}}}
    instance.refused("InvalidParameterException", "connect:Subtype", update, **system)
    # Of the system's attributes only the expiry can be changed.
    creator = {"connect:CreatedByUser": {"ValueString": instance.user_arn(instance.user())}}
    late = {"ContactId": task, "SegmentAttributes": creator}
    instance.refused("InvalidParameterException", "connect:CreatedByUser", update, **late)
    # A queue and a user are for external audio only.
    instance.refused(
        "InvalidRequestException", "QueueInfo", update, ContactId=task, QueueInfo={"Id": instance.queue_id()}
    )


def test_attributes(instance, flow):
    task = instance.task(ContactFlowId=flow, Attributes={"a": "1", "b": "2"})
    instance.update_contact_attributes(InitialContactId=task, Attributes={"b": "3", "c": "4"})
    assert instance.attributes(task) == {"a": "1", "b": "3", "c": "4"}
    assert instance.contact(task)["Attributes"] == {"a": "1", "b": "3", "c": "4"}
    # An empty value frees its room.
    instance.update_contact_attributes(InitialContactId=task, Attributes={"a": ""})
    assert instance.attributes(task).get("a", "") == ""
    instance.stop_contact(ContactId=task)
    instance.when_ended(task)
    instance.update_contact_attributes(InitialContactId=task, Attributes={"late": "yes"})
    assert instance.attributes(task)["late"] == "yes"


def test_refused_attributes(instance, task):
    update = "update_contact_attributes"
    instance.update_contact_attributes(InitialContactId=task, Attributes={"a": "v" * 20_000})
    too_much = {"InitialContactId": task, "Attributes": {"b": "v" * 20_000}}
    instance.refused("InvalidParameterException", "32", update, **too_much)
    instance.refused("InvalidParameterException", "attribute", update, InitialContactId=task, Attributes={"a b": "x"})
    instance.refused("ResourceNotFoundException", None, update, InitialContactId=absent_id(), Attributes={"a": "x"})
    instance.refused("ResourceNotFoundException", None, "get_contact_attributes", InitialContactId=absent_id())
    instance.refused("InvalidRequestException", "Attributes", update, InitialContactId=task)


def test_references(instance, flow):
    task = instance.task(
        ContactFlowId=flow,
        References={"u": {"Type": "URL", "Value": "https://example.com/"}, "s": {"Type": "STRING", "Value": "x"}},
    )
    answer = instance.list_contact_references(ContactId=task, ReferenceTypes=["URL", "NUMBER"])
    assert answer["ReferenceSummaryList"] == [{"Url": {"Name": "u", "Value": "https://example.com/"}}]
    assert "NextToken" not in answer
    everything = instance.list_contact_references(
        ContactId=task, ReferenceTypes=["URL", "ATTACHMENT", "NUMBER", "STRING", "DATE", "EMAIL"]
    )
    assert len(everything["ReferenceSummaryList"]) == 2
    listing = "list_contact_references"
    instance.refused("ResourceNotFoundException", None, listing, ContactId=absent_id(), ReferenceTypes=["URL"])
    instance.refused("InvalidParameterException", "ReferenceTypes", listing, ContactId=task, ReferenceTypes=["NOVEL"])
    seven = ["URL", "ATTACHMENT", "NUMBER", "STRING", "DATE", "EMAIL", "EMAIL_MESSAGE"]
    instance.refused("InvalidParameterException", "ReferenceTypes", listing, ContactId=task, ReferenceTypes=seven)
    instance.refused("InvalidRequestException", "ReferenceTypes", listing, ContactId=task, ReferenceTypes=[])


def test_rescheduling(timed):
    flow = timed.flow(flows.marking("ran", "yes"))
    now = int(timed.server.now())
    task = timed.task(ContactFlowId=flow, ScheduledTime=now + 3600)
    timed.update_contact_schedule(ContactId=task, ScheduledTime=now + 7200)
    assert timed.contact(task)["ScheduledTimestamp"].timestamp() == now + 7200
    timed.server.advance(5400)
    assert timed.attributes(task) == {}
    timed.server.advance(1900)
    assert timed.attributes(task) == {"ran": "yes"}
    schedule = "update_contact_schedule"
    later = int(timed.server.now()) + 3600
    timed.refused("InvalidRequestException", None, schedule, ContactId=task, ScheduledTime=later)


def test_refused_schedules(timed):
    flow = timed.flow(flows.waiting())
    now = int(timed.server.now())
    schedule = "update_contact_schedule"
    unscheduled = timed.task(ContactFlowId=flow)
    timed.refused("InvalidRequestException", None, schedule, ContactId=unscheduled, ScheduledTime=now + 60)
    timed.refused("ResourceNotFoundException", None, schedule, ContactId=absent_id(), ScheduledTime=now + 60)
    task = timed.task(ContactFlowId=flow, ScheduledTime=now + 3600)
    window = ("InvalidParameterException", "ScheduledTime", schedule)
    timed.refused(*window, ContactId=task, ScheduledTime=now - 120)
    timed.refused(*window, ContactId=task, ScheduledTime=now + 91 * DAY_SECONDS)
    for n in range(20):
        timed.update_contact_schedule(ContactId=task, ScheduledTime=now + 3600 + n + 1)
    timed.refused("LimitExceededException", "20", schedule, ContactId=task, ScheduledTime=now + 7200)


def test_expiry_in_a_flow_and_in_a_queue(timed):
    in_flow = timed.task(ContactFlowId=timed.flow(flows.waiting()), SegmentAttributes=expiry(60))
    in_queue = timed.task(ContactFlowId=timed.flow(), SegmentAttributes=expiry(60))
    timed.server.advance(3500)
    assert "DisconnectTimestamp" not in timed.contact(in_flow)
    assert "DisconnectTimestamp" not in timed.contact(in_queue)
    timed.server.advance(200)
    for task in (in_flow, in_queue):
        ended = timed.contact(task)
        assert ended["DisconnectReason"] == "EXPIRED"
        lived = ended["DisconnectTimestamp"] - ended["InitiationTimestamp"]
        assert lived.total_seconds() == pytest.approx(3600, abs=1)


def test_expiry_after_seven_days_unless_told_otherwise(timed):
    task = timed.task(ContactFlowId=timed.flow())
    timed.server.advance(7 * DAY_SECONDS - 60)
    assert "DisconnectTimestamp" not in timed.contact(task)
    timed.server.advance(120)
    assert timed.contact(task)["DisconnectReason"] == "EXPIRED"


def test_expiry_can_be_moved(timed):
    task = timed.task(ContactFlowId=timed.flow(), SegmentAttributes=expiry(60))
    timed.server.advance(1800)
    timed.update_contact(ContactId=task, SegmentAttributes=expiry(120))
    timed.server.advance(3600)
    assert "DisconnectTimestamp" not in timed.contact(task)
    timed.server.advance(1900)
    assert timed.contact(task)["DisconnectReason"] == "EXPIRED"


def test_tags_of_a_contact(instance, task):
    instance.tag_contact(ContactId=task, Tags={"team": "blue", "tier": "1"})
    assert user_tags(instance, task) == {"team": "blue", "tier": "1"}
    instance.untag_contact(ContactId=task, TagKeys=["tier", "absent"])
    assert user_tags(instance, task) == {"team": "blue"}


def test_refused_tags_of_a_contact(instance, task):
    tag = "tag_contact"
    instance.tag_contact(ContactId=task, Tags={f"key{n}": "v" for n in range(6)})
    instance.refused("InvalidParameterException", "6", tag, ContactId=task, Tags={"seventh": "v"})
    instance.refused("InvalidParameterException", "tag", tag, ContactId=task, Tags={f"k{n}": "v" for n in range(7)})
    instance.refused("InvalidParameterException", "tag", tag, ContactId=task, Tags={"aws:x": "v"})
    instance.refused("InvalidParameterException", "tag", tag, ContactId=task, Tags={"a blank": "v"})
    instance.refused("ResourceNotFoundException", None, tag, ContactId=absent_id(), Tags={"k": "v"})
    instance.refused("ResourceNotFoundException", None, "untag_contact", ContactId=absent_id(), TagKeys=["k"])


def user_tags(instance, contact_id: str) -> dict:
    tags = instance.contact(contact_id).get("Tags", {})
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}
