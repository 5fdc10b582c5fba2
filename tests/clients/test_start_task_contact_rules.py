"""The rules R1 to R25 of StartTaskContact (start-task-contact.md section 3), each with an accepted and a refused call."""

import concurrent.futures
import json

import pytest

from harness import flows, raw
from harness.connect import Instance, absent_id, client, defaults, field, field_ids, instance_arn, unique
from harness.server import Server

START = "start_task_contact"
UNCLEAR_FLOW = "unique flow"
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def flow(instance):
    """A flow in which a task stays."""
    return instance.flow(flows.waiting())


@pytest.fixture(scope="module")
def timed_flow(timed):
    return timed.flow(flows.waiting())


def expiry(minutes: int) -> dict:
    return {"connect:ContactExpiry": {"ValueMap": {"ExpiryDuration": {"ValueInteger": minutes}}}}


def expiry_of(contact: dict) -> int:
    return contact["SegmentAttributes"]["connect:ContactExpiry"]["ValueMap"]["ExpiryDuration"]["ValueInteger"]


def created_by(arn: str) -> dict:
    return {"connect:CreatedByUser": {"ValueString": arn}}


SELF = {"connect:AssignmentType": {"ValueString": "SELF"}}


def test_r01_exactly_one_way_to_the_flow(instance, flow):
    quick_connect = instance.quick_connect()
    with_flow = instance.template(ContactFlowId=flow)
    instance.task(ContactFlowId=flow)
    instance.task(QuickConnectId=quick_connect)
    instance.task(TaskTemplateId=with_flow)
    refused = ("InvalidRequestException", UNCLEAR_FLOW, START)
    instance.refused(*refused, Name="two", ContactFlowId=flow, QuickConnectId=quick_connect)
    instance.refused(*refused, Name="two", ContactFlowId=flow, QuickConnectId=quick_connect, TaskTemplateId=with_flow)


def test_r01a_no_way_to_the_flow(instance, flow):
    instance.task(ContactFlowId=flow)
    instance.refused("InvalidRequestException", UNCLEAR_FLOW, START, Name="none")


def test_r01b_a_template_and_a_flow(instance, flow):
    without_flow = instance.template([field("Task name", "NAME"), field("Assign to", "QUICK_CONNECT")])
    with_flow = instance.template(ContactFlowId=flow)
    started = instance.task(TaskTemplateId=without_flow, ContactFlowId=flow)
    assert instance.contact(started)["TaskTemplateInfo"]["Arn"] == instance.arn_of("task-template", without_flow)
    refused = ("InvalidRequestException", UNCLEAR_FLOW, START)
    instance.refused(*refused, Name="two flows", TaskTemplateId=with_flow, ContactFlowId=flow)
    instance.refused(*refused, Name="no flow", TaskTemplateId=without_flow)


def test_r01c_a_template_and_a_quick_connect(instance, flow):
    quick_connect = instance.quick_connect()
    asking = instance.template([field("Task name", "NAME"), field("Assign to", "QUICK_CONNECT")])
    with_flow = instance.template(ContactFlowId=flow)
    instance.task(TaskTemplateId=asking, QuickConnectId=quick_connect)
    refused = ("InvalidRequestException", UNCLEAR_FLOW, START)
    instance.refused(*refused, Name="conflict", TaskTemplateId=with_flow, QuickConnectId=quick_connect)


def test_r02_previous_and_related_exclude_each_other(instance, flow):
    first = instance.task(ContactFlowId=flow)
    instance.task(ContactFlowId=flow, PreviousContactId=first)
    instance.task(ContactFlowId=flow, RelatedContactId=first)
    both = {"PreviousContactId": first, "RelatedContactId": first}
    instance.refused("InvalidRequestException", "RelatedContactId", START, Name="both", ContactFlowId=flow, **both)


def test_r03_a_chain_shares_its_attributes(instance, flow):
    first = instance.task(ContactFlowId=flow, Attributes={"order": "1", "colour": "red"})
    second = instance.task(ContactFlowId=flow, PreviousContactId=first, Attributes={"colour": "blue"})
    assert instance.attributes(second) == {"order": "1", "colour": "blue"}
    assert instance.attributes(first) == {"order": "1", "colour": "blue"}
    instance.update_contact_attributes(InitialContactId=second, Attributes={"order": "2"})
    instance.update_contact_attributes(InitialContactId=first, Attributes={"size": "L"})
    expected = {"order": "2", "colour": "blue", "size": "L"}
    assert instance.attributes(first) == expected
    assert instance.attributes(second) == expected
    refused = {"ContactFlowId": flow, "PreviousContactId": second, "Attributes": {"a key": "x"}}
    instance.refused("InvalidParameterException", "attribute", START, Name="bad key", **refused)
    assert instance.attributes(first) == expected


def test_r04_a_related_contact_copies_once(instance, flow):
    first = instance.task(ContactFlowId=flow, Attributes={"order": "1", "colour": "red"})
    related = instance.task(ContactFlowId=flow, RelatedContactId=first, Attributes={"colour": "blue"})
    assert instance.attributes(related) == {"order": "1", "colour": "blue"}
    assert instance.attributes(first) == {"order": "1", "colour": "red"}
    instance.update_contact_attributes(InitialContactId=first, Attributes={"order": "2"})
    instance.update_contact_attributes(InitialContactId=related, Attributes={"size": "L"})
    assert instance.attributes(first) == {"order": "2", "colour": "red"}
    assert instance.attributes(related) == {"order": "1", "colour": "blue", "size": "L"}
    # No bound on their number.
    for _ in range(13):
        instance.task(ContactFlowId=flow, RelatedContactId=first)
    unknown = absent_id()
    instance.refused("ResourceNotFoundException", None, START, Name="x", ContactFlowId=flow, RelatedContactId=unknown)


def test_r05_a_link_may_point_at_any_task(instance, flow):
    ended = instance.task(ContactFlowId=flow)
    instance.stop_contact(ContactId=ended)
    instance.when_ended(ended)
    chained = instance.task(ContactFlowId=flow, PreviousContactId=ended)
    related = instance.task(ContactFlowId=flow, RelatedContactId=ended)
    assert instance.contact(chained)["PreviousContactId"] == ended
    assert instance.contact(related)["RelatedContactId"] == ended
    other = Instance.create(instance.server)
    foreign = other.task(ContactFlowId=other.flow(flows.waiting()))
    linked = {"ContactFlowId": flow, "PreviousContactId": foreign}
    instance.refused("ResourceNotFoundException", None, START, Name="of another instance", **linked)


def test_r06_twelve_tasks_on_one_previous_contact(instance, flow):
    first = instance.task(ContactFlowId=flow)
    for _ in range(12):
        instance.task(ContactFlowId=flow, PreviousContactId=first)
    thirteenth = {"ContactFlowId": flow, "PreviousContactId": first}
    instance.refused("ServiceQuotaExceededException", "12", START, Name="13th", **thirteenth)


def test_r06b_twelve_contacts_in_a_chain(instance, flow):
    last = instance.task(ContactFlowId=flow)
    for _ in range(11):
        last = instance.task(ContactFlowId=flow, PreviousContactId=last)
    thirteenth = {"ContactFlowId": flow, "PreviousContactId": last}
    instance.refused("ServiceQuotaExceededException", "12", START, Name="13th", **thirteenth)
    instance.task(ContactFlowId=flow, RelatedContactId=last)


def test_r07_open_tasks_per_instance(tmp_path):
    server = Server(tmp_path, config="[limits]\ntasks_open_max = 3\n").start()
    try:
        instance = Instance.create(server)
        flow = instance.flow(flows.waiting())
        tasks = [instance.task(ContactFlowId=flow) for _ in range(3)]
        instance.refused("ServiceQuotaExceededException", "tasks_open_max", START, Name="4th", ContactFlowId=flow)
        instance.stop_contact(ContactId=tasks[0])
        instance.when_ended(tasks[0])
        instance.task(ContactFlowId=flow)
    finally:
        server.stop()


def test_r08_the_window_of_scheduled_time(timed, timed_flow):
    now = timed.server.now()
    accepted = timed.task(ContactFlowId=timed_flow, ScheduledTime=int(now) + 3600)
    assert timed.contact(accepted)["ScheduledTimestamp"].timestamp() == int(now) + 3600
    timed.task(ContactFlowId=timed_flow, ScheduledTime=int(now) + 90 * DAY_SECONDS)
    # A minute of tolerance: a time just past counts as now, so the flow starts at once.
    late = timed.task(ContactFlowId=timed_flow, ScheduledTime=int(now) - 30)
    timed.when(late, lambda contact: "ConnectedToSystemTimestamp" in contact, "started")
    refused = ("InvalidParameterException", "ScheduledTime", START)
    timed.refused(*refused, Name="past", ContactFlowId=timed_flow, ScheduledTime=int(now) - 120)
    timed.refused(*refused, Name="far", ContactFlowId=timed_flow, ScheduledTime=int(now) + 91 * DAY_SECONDS)


def test_r09_the_range_of_expiry(instance, flow):
    for minutes in (1, 129_600):
        task = instance.task(ContactFlowId=flow, SegmentAttributes=expiry(minutes))
        assert expiry_of(instance.contact(task)) == minutes
    assert expiry_of(instance.contact(instance.task(ContactFlowId=flow))) == 10_080
    for minutes in (0, -1, 129_601):
        refused = {"ContactFlowId": flow, "SegmentAttributes": expiry(minutes)}
        instance.refused("InvalidParameterException", "ExpiryDuration", START, Name="expiry", **refused)


def test_r09a_the_expiry_of_a_scheduled_task_begins_with_it(timed, timed_flow):
    start = int(timed.server.now()) + 2 * DAY_SECONDS
    task = timed.task(ContactFlowId=timed_flow, ScheduledTime=start, SegmentAttributes=expiry(60))
    timed.server.advance(2 * DAY_SECONDS + 59 * 60)
    assert "DisconnectTimestamp" not in timed.contact(task)
    timed.server.advance(120)
    ended = timed.contact(task)
    assert ended["DisconnectReason"] == "EXPIRED"
    assert ended["DisconnectTimestamp"].timestamp() == pytest.approx(start + 3600, abs=1)
    later = {"ScheduledTime": int(timed.server.now()) + 3600, "SegmentAttributes": expiry(0)}
    timed.refused("InvalidParameterException", "ExpiryDuration", START, Name="x", ContactFlowId=timed_flow, **later)


def test_r10_the_creating_user(instance, flow):
    user = instance.user_arn(instance.user())
    task = instance.task(ContactFlowId=flow, SegmentAttributes=created_by(user))
    assert instance.contact(task)["SegmentAttributes"]["connect:CreatedByUser"]["ValueString"] == user
    for bad in (
        "not an arn",
        instance.arn_of("queue", absent_id()),
        f"{instance_arn(absent_id())}/agent/{absent_id()}",
    ):
        refused = {"ContactFlowId": flow, "SegmentAttributes": created_by(bad)}
        instance.refused("InvalidParameterException", "CreatedByUser", START, Name="bad", **refused)
    refused = {"ContactFlowId": flow, "SegmentAttributes": created_by(instance.user_arn(absent_id()))}
    instance.refused("ResourceNotFoundException", "user", START, Name="unknown", **refused)


def test_r11_self_assignment(instance, flow):
    user = created_by(instance.user_arn(instance.user()))
    own_flow = instance.flow(flows.marking("path", "self-assigned"))
    fields = [field("Task name", "NAME"), field("Mine", "SELF_ASSIGN")]
    template = instance.template(fields, ContactFlowId=flow, SelfAssignFlowId=own_flow)
    task = instance.task(TaskTemplateId=template, SegmentAttributes=user | SELF)
    instance.when(task, lambda contact: contact.get("Attributes") == {"path": "self-assigned"}, "the self-assign flow")
    refused = ("InvalidRequestException", "AssignmentType", START)
    instance.refused(*refused, Name="no user", TaskTemplateId=template, SegmentAttributes=SELF)
    instance.refused(*refused, Name="no template", ContactFlowId=flow, SegmentAttributes=user | SELF)
    other = {"connect:AssignmentType": {"ValueString": "OTHER"}}
    instance.refused(*refused, Name="another value", TaskTemplateId=template, SegmentAttributes=user | other)


def test_r12_segment_attributes_of_the_user(instance, flow):
    instance.create_predefined_attribute(
        Name="Region",
        Values={"StringList": ["north", "south"]},
        AttributeConfiguration={"EnableValueValidationOnAssociation": True},
    )
    instance.create_predefined_attribute(Name="Mood", Values={"StringList": ["good"]})
    given = {"Region": {"ValueString": "north"}, "Mood": {"ValueString": "splendid"}}
    task = instance.task(ContactFlowId=flow, SegmentAttributes=given)
    shown = instance.contact(task)["SegmentAttributes"]
    assert shown["Region"] == {"ValueString": "north"}
    assert shown["Mood"] == {"ValueString": "splendid"}
    for bad in (
        {"Unknown": {"ValueString": "x"}},
        {"connect:Unknown": {"ValueString": "x"}},
        {"Mood": {"ValueInteger": 1}},
        {"Region": {"ValueString": "west"}},
    ):
        refused = {"ContactFlowId": flow, "SegmentAttributes": bad}
        instance.refused("InvalidParameterException", next(iter(bad)), START, Name="bad", **refused)


def test_r13_segment_attributes_of_the_system(instance, flow):
    task = instance.task(ContactFlowId=flow)
    assert instance.contact(task)["SegmentAttributes"]["connect:Subtype"] == {"ValueString": "connect:Task"}
    for key in ("connect:Subtype", "connect:Direction"):
        refused = {"ContactFlowId": flow, "SegmentAttributes": {key: {"ValueString": "connect:Task"}}}
        instance.refused("InvalidParameterException", key, START, Name="system", **refused)


def test_r14_the_template_exists_and_is_active(instance, flow):
    template = instance.template(ContactFlowId=flow)
    instance.task(TaskTemplateId=template)
    instance.refused("ResourceNotFoundException", "template", START, Name="unknown", TaskTemplateId=absent_id())
    inactive = instance.template(ContactFlowId=flow, Status="INACTIVE")
    instance.refused("InvalidRequestException", "INACTIVE", START, Name="inactive", TaskTemplateId=inactive)


def test_r15_the_input_is_checked_against_the_template(instance, flow):
    fields = [field("Task name", "NAME"), field("Amount", "NUMBER")]
    template = instance.template(fields, ContactFlowId=flow, Constraints={"RequiredFields": field_ids("Amount")})
    amount = {"Amount": {"Type": "NUMBER", "Value": "12.5"}}
    task = instance.task(TaskTemplateId=template, References=amount)
    assert instance.references(task, "NUMBER") == {"Amount": {"Name": "Amount", "Value": "12.5"}}
    instance.refused("InvalidParameterException", "Amount", START, Name="no amount", TaskTemplateId=template)


def test_r16_kinds_of_quick_connects(instance):
    user = instance.user()
    to_user = instance.quick_connect(
        {
            "QuickConnectType": "USER",
            "UserConfig": {"UserId": user, "ContactFlowId": instance.default_flow_id("Default agent transfer")},
        }
    )
    instance.when_queued(instance.task(QuickConnectId=to_user))
    own = instance.flow(flows.into_queue(instance.queue_id()), Type="QUEUE_TRANSFER")
    to_queue = instance.quick_connect(
        {"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": instance.queue_id(), "ContactFlowId": own}}
    )
    queued = instance.when_queued(instance.task(QuickConnectId=to_queue))
    assert queued["QueueInfo"]["Id"] == instance.queue_id()
    phone = {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+14155550100"}}
    to_phone = instance.quick_connect(phone)
    instance.refused("InvalidParameterException", "PHONE_NUMBER", START, Name="phone", QuickConnectId=to_phone)
    to_flow = instance.quick_connect(
        {"QuickConnectType": "FLOW", "FlowConfig": {"ContactFlowId": instance.flow(flows.waiting())}}
    )
    instance.refused("InvalidParameterException", "FLOW", START, Name="flow", QuickConnectId=to_flow)
    instance.refused("ResourceNotFoundException", "quick connect", START, Name="none", QuickConnectId=absent_id())


def test_r17_the_flow_exists_is_active_published_and_inbound(instance, flow):
    instance.task(ContactFlowId=flow)
    instance.task(ContactFlowId=instance.arn_of("contact-flow", flow))
    instance.refused("ResourceNotFoundException", "flow", START, Name="unknown", ContactFlowId=absent_id())
    refused = ("InvalidRequestException", "flow", START)
    archived = instance.flow(flows.waiting())
    instance.update_contact_flow_metadata(ContactFlowId=archived, ContactFlowState="ARCHIVED")
    instance.refused(*refused, Name="archived", ContactFlowId=archived)
    saved = instance.flow(flows.waiting(), Status="SAVED")
    instance.refused(*refused, Name="never published", ContactFlowId=saved)
    transfer = instance.flow(flows.ending(), Type="QUEUE_TRANSFER")
    instance.refused(*refused, Name="wrong type", ContactFlowId=transfer)


def test_r18_linked_contacts_exist(instance, flow):
    first = instance.task(ContactFlowId=flow)
    instance.task(ContactFlowId=flow, PreviousContactId=first)
    for member in ("PreviousContactId", "RelatedContactId"):
        link = {member: absent_id()}
        instance.refused("ResourceNotFoundException", "not found", START, Name="link", ContactFlowId=flow, **link)


def test_r19_shapes(instance, flow):
    instance.task(ContactFlowId=flow, Name="n" * 1024, Description="d" * 4096)
    instance.task(ContactFlowId=flow, Name="")
    instance.task(ContactFlowId=flow, Attributes={"a-B_9": "x", "k": "é" * 16_000})
    instance.task(ContactFlowId=flow, Attributes={"k": "v" * 32_767})
    for member, parameters in {
        "Name": {"Name": "n" * 1025},
        "Description": {"Description": "d" * 4097},
        "attribute": {"Attributes": {"a key": "x"}},
        "References": {"References": {"r": {"Type": "NOVEL", "Value": "x"}}},
        "ClientToken": {"ClientToken": "t" * 501},
        "Attachments": {"Attachments": [{"FileName": f"{n}.txt", "S3Url": "http://127.0.0.1/x"} for n in range(6)]},
        "S3Url": {"Attachments": [{"FileName": "x.txt", "S3Url": "u" * 2001}]},
        "InstanceId": {"InstanceId": "i" * 101},
    }.items():
        refused = {"Name": "shape", "ContactFlowId": flow} | parameters
        instance.refused("InvalidParameterException", member, START, **refused)
    for attributes in (
        {"k": "v" * 32_768},
        {"k1": "v" * 16_384, "k2": "v" * 16_384},
        {"k": "é" * 16_384},
    ):
        refused = {"ContactFlowId": flow, "Attributes": attributes}
        instance.refused("InvalidParameterException", "32", START, Name="too long", **refused)


def test_r19a_references(instance, flow):
    good = {
        "page": {"Type": "URL", "Value": "https://example.com/a?b=c"},
        "count": {"Type": "NUMBER", "Value": "-12.50"},
        "word": {"Type": "STRING", "Value": "any text"},
        "day": {"Type": "DATE", "Value": "1700000000"},
        "who": {"Type": "EMAIL", "Value": "ann@example.com"},
    }
    task = instance.task(ContactFlowId=flow, References=good)
    shown = instance.references(task, "URL", "NUMBER", "STRING", "DATE", "EMAIL")
    assert {name: summary["Value"] for name, summary in shown.items()} == {
        name: reference["Value"] for name, reference in good.items()
    }
    start = "Invalid reference passed, check input reference"
    for kind, value in (
        ("ATTACHMENT", "x"),
        ("CONTACT_ANALYSIS", "x"),
        ("EMAIL_MESSAGE", "x"),
        ("DATE", "2017-05-20T00:00:00Z"),
        ("NUMBER", "twelve"),
        ("EMAIL", "nobody"),
        ("URL", "not a url"),
    ):
        references = {"References": {"ref": {"Type": kind, "Value": value}}}
        response = instance.refused(
            "InvalidRequestException", start, START, Name="ref", ContactFlowId=flow, **references
        )
        assert response["Error"]["Message"].startswith(start)
        assert "ref" in response["Error"]["Message"]
    long = {f"key{n}": {"Type": "STRING", "Value": "v" * 2000} for n in range(3)}
    instance.refused("InvalidRequestException", start, START, Name="long", ContactFlowId=flow, References=long)
    # Judged before the instance and the flow are looked up (E-C2).
    bad = {"ref": {"Type": "DATE", "Value": "yesterday"}}
    nowhere = {"InstanceId": absent_id(), "ContactFlowId": absent_id()}
    instance.refused("InvalidRequestException", start, START, Name="order", References=bad, **nowhere)


def test_r20_bodies_that_are_none(instance, flow):
    def put(body: bytes) -> raw.Answer:
        before = instance.digest()
        answer = raw.send(instance.server, "PUT", "/contact/task", body)
        assert instance.digest() == before or answer.status == 200
        return answer

    good = {"InstanceId": instance.id, "ContactFlowId": flow, "Name": "by hand"}
    assert put(json.dumps(good).encode()).status == 200
    # Members that the model lacks are ignored.
    assert put(json.dumps(good | {"Novel": 1}).encode()).status == 200
    for body in (
        b"{",
        b"[]",
        b"",
        b'"text"',
        json.dumps(good | {"Name": 7}).encode(),
        json.dumps(good | {"Attributes": ["a"]}).encode(),
        json.dumps(good | {"ScheduledTime": {}}).encode(),
    ):
        answer = put(body)
        if body == b"":
            assert (answer.status, answer.error_type) == (400, "InvalidRequestException")
            continue
        assert (answer.status, answer.error_type) == (400, "BadRequestException"), body
        assert answer.message.startswith("Invalid request body"), answer.message
    for member in ("InstanceId", "Name"):
        answer = put(json.dumps({name: value for name, value in good.items() if name != member}).encode())
        assert (answer.status, answer.error_type) == (400, "InvalidRequestException")
        assert answer.message == f"Required parameter missing: {member}"


def test_r21_the_instance_exists(instance, flow):
    instance.task(ContactFlowId=flow)
    instance.task(InstanceId=instance.arn, ContactFlowId=flow)
    nowhere = {"InstanceId": absent_id(), "ContactFlowId": flow}
    instance.refused("ResourceNotFoundException", "Instance not found", START, Name="nowhere", **nowhere)


def test_r22_merged_attributes_fit(instance, flow):
    first = instance.task(ContactFlowId=flow, Attributes={"a": "v" * 20_000})
    for link in ("PreviousContactId", "RelatedContactId"):
        instance.task(ContactFlowId=flow, Attributes={"a": "w" * 30_000}, **{link: first})
        instance.update_contact_attributes(InitialContactId=first, Attributes={"a": "v" * 20_000})
        refused = {"ContactFlowId": flow, "Attributes": {"b": "v" * 20_000}, link: first}
        instance.refused("InvalidParameterException", "attribute", START, Name="merged", **refused)


def test_r23_attachments_are_fetched_after_the_call(fresh, files):
    fresh.store_attachments()
    flow = fresh.flow(flows.waiting())
    url = files.put("r23/notes.txt", b"some notes")
    task = fresh.task(ContactFlowId=flow, Attachments=[{"FileName": "notes.txt", "S3Url": url}])
    shown = fresh.references(task, "ATTACHMENT")["notes.txt"]
    assert shown["Status"] in ("PROCESSING", "APPROVED")
    attachment = fresh.eventually_attachment(task, "notes.txt")
    assert attachment["Status"] == "APPROVED"
    bad = {"ContactFlowId": flow, "Attachments": [{"FileName": "notes.txt", "S3Url": "no url at all"}]}
    fresh.refused("InvalidRequestException", "S3Url", START, Name="bad url", **bad)


def test_r24_types_and_names_of_attachments(fresh, files):
    fresh.store_attachments()
    flow = fresh.flow(flows.waiting())
    url = files.put("r24/a.txt", b"text")
    task = fresh.task(ContactFlowId=flow, Attachments=[{"FileName": "A.TXT", "S3Url": url}])
    # The end of its download would change the digest.
    assert fresh.eventually_attachment(task, "A.TXT")["Status"] == "APPROVED"
    for name, reason in (
        ("program.exe", "INVALID_FILE_TYPE"),
        ("no-extension", "INVALID_FILE_TYPE"),
    ):
        refused = {"ContactFlowId": flow, "Attachments": [{"FileName": name, "S3Url": url}]}
        response = fresh.refused("InvalidRequestException", name, START, Name="attachment", **refused)
        assert response["Reason"] == {"AttachedFileInvalidRequestExceptionReason": reason}
    twice = {"ContactFlowId": flow, "Attachments": [{"FileName": "a.txt", "S3Url": url}] * 2}
    response = fresh.refused("InvalidRequestException", "a.txt", START, Name="attachment", **twice)
    assert response["Reason"] == {"AttachedFileInvalidRequestExceptionReason": "INVALID_FILE_NAME"}


def test_r25_attachments_need_storage(fresh, files):
    flow = fresh.flow(flows.waiting())
    attachments = [{"FileName": "a.txt", "S3Url": files.put("r25/a.txt", b"text")}]
    refused = {"ContactFlowId": flow, "Attachments": attachments}
    fresh.refused("InvalidRequestException", "ATTACHMENTS", START, Name="no storage", **refused)
    fresh.store_attachments()
    fresh.task(ContactFlowId=flow, Attachments=attachments)


# Section 4: ClientToken.


def test_a_repeated_token_answers_the_same_contact(instance, flow):
    call = {"ContactFlowId": flow, "Name": "once", "ClientToken": unique("token"), "Attributes": {"a": "1", "b": "2"}}
    first = instance.task(**call)
    assert instance.task(**call) == first
    assert instance.task(**call | {"Attributes": {"b": "2", "a": "1"}}) == first
    instance.stop_contact(ContactId=first)
    assert instance.task(**call) == first
    assert instance.task(**call | {"ClientToken": call["ClientToken"].upper()}) != first


def test_a_token_belongs_to_its_instance(instance, fresh, flow):
    token = unique("token")
    here = instance.task(ContactFlowId=flow, ClientToken=token)
    there = fresh.task(ContactFlowId=fresh.flow(flows.waiting()), ClientToken=token)
    assert here != there


def test_a_token_with_another_body_is_refused(instance, flow):
    call = {"ContactFlowId": flow, "Name": "once", "ClientToken": unique("token")}
    instance.task(**call)
    for change in ({"Name": "twice"}, {"Attributes": {"a": "1"}}, {"Description": "d"}):
        instance.refused("InvalidRequestException", "ClientToken", START, **call | change)


def test_a_refused_call_does_not_burn_its_token(instance, flow):
    token = unique("token")
    bad = {"ContactFlowId": flow, "Attributes": {"a key": "x"}, "ClientToken": token}
    instance.refused("InvalidParameterException", "attribute", START, Name="bad", **bad)
    instance.refused("ResourceNotFoundException", "flow", START, Name="x", ContactFlowId=absent_id(), ClientToken=token)
    assert instance.task(ContactFlowId=flow, Name="good", ClientToken=token)


def test_calls_at_once_with_one_token_make_one_contact(instance, flow):
    call = {"InstanceId": instance.id, "ContactFlowId": flow, "Name": "once", "ClientToken": unique("token")}
    clients = [client(instance.server) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda connect: connect.start_task_contact(**call)["ContactId"], clients))
    assert len(set(answers)) == 1


def test_a_token_is_replayed_after_the_scheduled_time(timed, timed_flow):
    start = int(timed.server.now()) + 3600
    call = {"ContactFlowId": timed_flow, "Name": "later", "ScheduledTime": start, "ClientToken": unique("token")}
    first = timed.task(**call)
    timed.server.advance(7200)
    assert timed.task(**call) == first


def test_a_token_lives_seven_days(timed, timed_flow):
    call = {"ContactFlowId": timed_flow, "Name": "a week", "ClientToken": unique("token")}
    first = timed.task(**call)
    timed.server.advance(7 * DAY_SECONDS - 3600)
    assert timed.task(**call) == first
    timed.server.advance(2 * 3600)
    assert timed.task(**call) != first


# Section 5: what the call creates.


def test_what_an_unlinked_task_shows(timed, timed_flow):
    now = timed.server.now()
    arn = timed.arn_of("contact-flow", timed_flow)
    task = timed.task(ContactFlowId=arn, Name="the name", Description="the description", Attributes={"k": "v"})
    contact = timed.when(task, lambda shown: "ConnectedToSystemTimestamp" in shown, "the flow has started")
    assert contact["Id"] == task
    assert contact["Arn"] == timed.arn_of("contact", task)
    assert contact["Channel"] == "TASK"
    assert contact["InitiationMethod"] == "API"
    assert contact["Name"] == "the name"
    assert contact["Description"] == "the description"
    assert contact["Attributes"] == {"k": "v"}
    assert contact["SegmentAttributes"]["connect:Subtype"] == {"ValueString": "connect:Task"}
    assert contact["QueuePriority"] == 5
    for member in ("InitiationTimestamp", "LastUpdateTimestamp", "ConnectedToSystemTimestamp"):
        assert contact[member].timestamp() == pytest.approx(now, abs=1), member
    for member in (
        "InitialContactId",
        "PreviousContactId",
        "RelatedContactId",
        "ScheduledTimestamp",
        "DisconnectTimestamp",
        "DisconnectReason",
        "QueueInfo",
        "AgentInfo",
        "TaskTemplateInfo",
    ):
        assert member not in contact, member


def test_what_linked_tasks_show(instance, flow):
    first = instance.task(ContactFlowId=flow)
    second = instance.task(ContactFlowId=flow, PreviousContactId=first)
    third = instance.task(ContactFlowId=flow, PreviousContactId=second)
    related = instance.task(ContactFlowId=flow, RelatedContactId=third)
    shown = instance.contact(second)
    assert (shown["PreviousContactId"], shown["InitialContactId"]) == (first, first)
    assert shown["ContactAssociationId"] == first
    shown = instance.contact(third)
    assert (shown["PreviousContactId"], shown["InitialContactId"]) == (second, first)
    assert shown["ContactAssociationId"] == first
    shown = instance.contact(related)
    assert shown["RelatedContactId"] == third
    assert shown["ContactAssociationId"] == first
    assert "PreviousContactId" not in shown
    assert "InitialContactId" not in shown


def test_what_a_task_of_a_template_shows(instance, flow):
    name = unique("the template")
    template = instance.template(
        [field("Task name", "NAME"), field("Text", "DESCRIPTION")],
        Name=name,
        ContactFlowId=flow,
        Defaults=defaults(Text="from the template"),
    )
    contact = instance.contact(instance.task(TaskTemplateId=template))
    assert contact["TaskTemplateInfo"] == {"Arn": instance.arn_of("task-template", template), "Name": name}
    assert contact["Description"] == "from the template"


def test_a_scheduled_task_starts_its_flow_on_time(timed):
    flow = timed.flow(flows.marking("ran", "yes"))
    now = timed.server.now()
    start = int(now) + 3600
    task = timed.task(ContactFlowId=flow, ScheduledTime=start)
    timed.server.advance(3500)
    before = timed.contact(task)
    assert "ConnectedToSystemTimestamp" not in before
    assert before["InitiationTimestamp"].timestamp() == pytest.approx(now, abs=1)
    timed.server.advance(200)
    after = timed.contact(task)
    assert after["Attributes"] == {"ran": "yes"}
    assert after["ConnectedToSystemTimestamp"].timestamp() == pytest.approx(start, abs=1)
    assert after["ScheduledTimestamp"].timestamp() == start
