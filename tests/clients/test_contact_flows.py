"""Contact flows: the six operations, publication and its refusals (flow-language.md section 5)."""

import hashlib
import json

import pytest

from harness import flows
from harness.connect import Instance, absent_id, unique

CREATE = "create_contact_flow"
DESCRIBE = "describe_contact_flow"


def described(instance, flow_id: str) -> dict:
    return instance.describe_contact_flow(ContactFlowId=flow_id)["ContactFlow"]


def problems(response) -> list[str]:
    return [problem["message"] for problem in response["problems"]]


def test_a_flow_comes_back_byte_for_byte(instance):
    content = json.dumps(json.loads(flows.waiting()), indent=3) + " \n"
    name = unique("flow")
    created = instance.create_contact_flow(
        Name=name, Type="CONTACT_FLOW", Description="what for", Content=content, Tags={"team": "blue"}
    )
    assert created["ContactFlowArn"] == instance.arn_of("contact-flow", created["ContactFlowId"])
    shown = described(instance, created["ContactFlowId"])
    assert shown["Content"] == content
    assert shown["FlowContentSha256"] == created["FlowContentSha256"]
    assert shown["FlowContentSha256"] == hashlib.sha256(content.encode()).hexdigest()
    assert (shown["State"], shown["Status"]) == ("ACTIVE", "PUBLISHED")
    assert (shown["Name"], shown["Type"], shown["Description"]) == (name, "CONTACT_FLOW", "what for")
    assert shown["Tags"] == {"team": "blue"}
    assert described(instance, created["ContactFlowArn"])["Id"] == created["ContactFlowId"]


def test_a_saved_flow_is_read_as_its_draft(instance):
    flow = instance.flow("{}", Status="SAVED")
    shown = described(instance, f"{flow}:$SAVED")
    assert (shown["Content"], shown["Status"]) == ("{}", "SAVED")
    instance.refused("ContactFlowNotPublishedException", None, DESCRIBE, ContactFlowId=flow)


def test_new_content_is_published_and_a_draft_is_not(instance):
    flow = instance.flow(flows.waiting())
    published = flows.marking("version", "2")
    instance.update_contact_flow_content(ContactFlowId=flow, Content=published)
    assert described(instance, flow)["Content"] == published
    instance.update_contact_flow_content(ContactFlowId=f"{flow}:$SAVED", Content="{}")
    assert described(instance, flow)["Content"] == published
    assert described(instance, f"{flow}:$SAVED")["Content"] == "{}"
    assert described(instance, f"{flow}:$LATEST")["Content"] == published


def test_metadata(instance):
    flow = instance.flow(flows.waiting(), Description="old")
    name = unique("renamed")
    instance.update_contact_flow_metadata(ContactFlowId=flow, Name=name, Description="new")
    shown = described(instance, flow)
    assert (shown["Name"], shown["Description"], shown["State"]) == (name, "new", "ACTIVE")
    instance.update_contact_flow_metadata(ContactFlowId=flow, ContactFlowState="ARCHIVED")
    assert described(instance, flow)["State"] == "ARCHIVED"
    instance.update_contact_flow_metadata(ContactFlowId=flow, ContactFlowState="ACTIVE")
    instance.task(ContactFlowId=flow)


def test_lists(fresh):
    made = [fresh.flow(flows.waiting(), Name=f"flow {n}") for n in range(3)]
    transfer = fresh.flow(flows.ending(), Type="QUEUE_TRANSFER")
    saved = fresh.flow(flows.waiting(), Status="SAVED")
    pages = fresh.pages("list_contact_flows", "ContactFlowSummaryList", 5)
    found = {flow["Id"]: flow for page in pages for flow in page}
    assert [len(page) for page in pages] == [5, 5, 3]
    assert set(found) >= {*made, transfer, saved}
    assert found[saved]["ContactFlowStatus"] == "SAVED"
    assert found[made[0]]["Arn"] == fresh.arn_of("contact-flow", made[0])
    inbound = fresh.list_contact_flows(ContactFlowTypes=["CONTACT_FLOW"])["ContactFlowSummaryList"]
    assert {flow["Id"] for flow in inbound} == {*made, saved}
    both = fresh.list_contact_flows(ContactFlowTypes=["CONTACT_FLOW", "QUEUE_TRANSFER"])["ContactFlowSummaryList"]
    assert len(both) == 6
    listing = "list_contact_flows"
    fresh.refused("InvalidParameterException", "NextToken", listing, NextToken="nonsense")
    fresh.refused("InvalidParameterException", "MaxResults", listing, MaxResults=1001)
    fresh.refused("InvalidParameterException", "ContactFlowTypes", listing, ContactFlowTypes=["NOVEL"])
    fresh.refused("ResourceNotFoundException", "Instance not found", listing, InstanceId=absent_id())


def test_a_deleted_flow_is_gone_and_its_tasks_go_on(timed):
    waits = flows.content(
        flows.stay("stay", 600, "mark"),
        flows.set_attributes("mark", "rest", after="wait"),
        flows.stay("rest"),
        flows.end(),
    )
    flow = timed.flow(waits)
    task = timed.task(ContactFlowId=flow)
    timed.server.advance(60)
    timed.delete_contact_flow(ContactFlowId=flow)
    timed.refused("ResourceNotFoundException", None, DESCRIBE, ContactFlowId=flow)
    timed.refused("ResourceNotFoundException", None, "delete_contact_flow", ContactFlowId=flow)
    timed.server.advance(600)
    assert timed.attributes(task) == {"after": "wait"}


def test_republishing_does_not_move_running_tasks(timed):
    def version(name):
        return flows.content(
            flows.stay("stay", 600, "mark"),
            flows.set_attributes("mark", "rest", version=name),
            flows.stay("rest"),
            flows.end(),
        )

    flow = timed.flow(version("old"))
    before = timed.task(ContactFlowId=flow)
    timed.server.advance(60)
    timed.update_contact_flow_content(ContactFlowId=flow, Content=version("new"))
    after = timed.task(ContactFlowId=flow)
    timed.server.advance(700)
    assert timed.attributes(before) == {"version": "old"}
    assert timed.attributes(after) == {"version": "new"}


def test_refused_creations(instance):
    name = unique("taken")
    instance.flow(flows.waiting(), Name=name)
    call = {"Name": unique("flow"), "Type": "CONTACT_FLOW", "Content": flows.waiting()}
    instance.refused("DuplicateResourceException", "already exists", CREATE, **call | {"Name": name})
    instance.refused("InvalidParameterException", "Type", CREATE, **call | {"Type": "NOVEL"})
    instance.refused("InvalidParameterException", "Name", CREATE, **call | {"Name": ""})
    instance.refused("InvalidRequestException", "Invalid request", CREATE, **call | {"Content": "no json"})
    instance.refused("InvalidRequestException", "legacy", CREATE, **call | {"Content": '{"modules":[],"start":"x"}'})
    instance.refused("InvalidRequestException", "not JSON", CREATE, **call | {"Content": "no json", "Status": "SAVED"})
    instance.refused("ResourceNotFoundException", "Instance not found", CREATE, **call | {"InstanceId": absent_id()})
    instance.refused("InvalidParameterException", "Tags", CREATE, **call | {"Tags": {"aws:x": "y"}})


def broken(change) -> str:
    """The waiting flow after a change of its parsed content."""
    content = json.loads(flows.waiting())
    change(content)
    return json.dumps(content)


def without_error(content):
    content["Actions"][0]["Transitions"]["Errors"] = []


def without_next(content):
    del content["Actions"][0]["Transitions"]["NextAction"]


def unknown_target(content):
    content["Actions"][0]["Transitions"]["NextAction"] = "nowhere"


def unknown_type(content):
    content["Actions"][0]["Type"] = "Novel"


def unknown_parameter(content):
    content["Actions"][0]["Parameters"]["TimeoutSeconds"] = "5"


def missing_parameter(content):
    content["Actions"][0]["Parameters"] = {}


def undeclared_error(content):
    content["Actions"][0]["Transitions"]["Errors"].append({"ErrorType": "QueueAtCapacity", "NextAction": "end"})


def next_on_terminal(content):
    content["Actions"][1]["Transitions"] = {"NextAction": "stay"}


def out_of_range(content):
    content["Actions"][0]["Parameters"]["TimeLimitSeconds"] = "604801"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without_error, "Action is missing required error. Error: NoMatchingError, Path: Actions[0]"),
        (without_next, "Action is missing required property. Path: Actions[0].Transitions.NextAction"),
        (unknown_target, "Invalid Action property value. Path: Actions[0].Transitions.NextAction"),
        (unknown_type, "Invalid Action type. Type: Novel, Path: Actions[0].Type"),
        (unknown_parameter, "Invalid Action property name. Path: Actions[0].Parameters.TimeoutSeconds"),
        (missing_parameter, "Action is missing required property. Path: Actions[0].Parameters.TimeLimitSeconds"),
        (undeclared_error, "Invalid Action error. Error: QueueAtCapacity, Path: Actions[0]"),
        (next_on_terminal, "Action does not support transitions. Path: Actions[1]"),
        (out_of_range, "Invalid Action property value. Path: Actions[0].Parameters.TimeLimitSeconds"),
    ],
)
def test_the_validator_says_what_is_wrong(instance, change, problem):
    call = {"Name": unique("broken"), "Type": "CONTACT_FLOW", "Content": broken(change)}
    response = instance.refused("InvalidContactFlowException", "problems", CREATE, **call)
    assert problem in problems(response)
    # A draft may be broken.
    instance.flow(call["Content"], Status="SAVED")


def test_all_faults_are_told_at_once(instance):
    def change(content):
        without_next(content)
        without_error(content)

    call = {"Name": unique("broken"), "Type": "CONTACT_FLOW", "Content": broken(change)}
    assert len(problems(instance.refused("InvalidContactFlowException", "problems", CREATE, **call))) >= 2


def test_actions_must_fit_the_type_of_flow(instance):
    queueing = flows.into_queue(instance.queue_id())
    call = {"Name": unique("broken"), "Type": "CUSTOMER_QUEUE", "Content": queueing}
    instance.refused("InvalidContactFlowException", "TransferContactToQueue", CREATE, **call)
    ending = flows.content(flows.action("end", "EndFlowExecution"))
    call = {"Name": unique("broken"), "Type": "CONTACT_FLOW", "Content": ending}
    instance.refused("InvalidContactFlowException", "EndFlowExecution", CREATE, **call)
    instance.flow(ending, Type="CUSTOMER_QUEUE")


def test_references_must_be_of_this_instance(instance):
    other = Instance.create(instance.server)
    call = {"Name": unique("foreign"), "Type": "CONTACT_FLOW", "Content": flows.into_queue(other.queue_id())}
    response = instance.refused("InvalidContactFlowException", "problems", CREATE, **call)
    assert any("Failed to convert id" in problem for problem in problems(response))


def test_content_has_a_bound(instance):
    def actions(count: int) -> str:
        steps = [
            flows.set_attributes(f"a{n}", f"a{n + 1}" if n < count - 2 else "end", k="v") for n in range(count - 1)
        ]
        return flows.content(*steps, flows.end())

    instance.flow(actions(250))
    call = {"Name": unique("many"), "Type": "CONTACT_FLOW", "Content": actions(251)}
    instance.refused("InvalidContactFlowException", "250", CREATE, **call)


def test_refused_updates(instance):
    flow = instance.flow(flows.waiting())
    content = "update_contact_flow_content"
    response = instance.refused(
        "InvalidContactFlowException", "problems", content, ContactFlowId=flow, Content=broken(without_error)
    )
    assert problems(response)
    instance.refused("InvalidRequestException", "not JSON", content, ContactFlowId=flow, Content="no json")
    instance.refused("ResourceNotFoundException", None, content, ContactFlowId=absent_id(), Content=flows.waiting())
    metadata = "update_contact_flow_metadata"
    taken = unique("taken")
    instance.flow(flows.waiting(), Name=taken)
    instance.refused("DuplicateResourceException", "already exists", metadata, ContactFlowId=flow, Name=taken)
    instance.refused("ResourceNotFoundException", None, metadata, ContactFlowId=absent_id(), Name="x")
    instance.refused(
        "InvalidParameterException", "ContactFlowState", metadata, ContactFlowId=flow, ContactFlowState="X"
    )
    instance.refused("ResourceNotFoundException", None, DESCRIBE, ContactFlowId=absent_id())


def test_the_longest_content_in_any_writing(fresh):
    """256,000 characters, of which boto3 writes each in six bytes."""
    longest = 256_000
    flow = json.loads(flows.waiting())

    def padded(characters: int) -> str:
        return json.dumps(flow | {"Metadata": {"note": "\u00e4" * characters}}, ensure_ascii=False)

    content = padded(longest - len(padded(0)))
    assert len(content) == longest
    made = fresh.flow(content)
    assert fresh.describe_contact_flow(ContactFlowId=made)["ContactFlow"]["Content"] == content
