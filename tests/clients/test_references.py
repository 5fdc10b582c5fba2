"""The reference map: flows of elsewhere are published and run unchanged, and what they refer to is found here."""

import json

import pytest

from harness import raw
from harness.connect import Instance, absent_id
from harness.flows import action, content, end, set_queue, stay, to_queue
from harness.server import Server, ServerError

FOREIGN = "arn:aws:connect:eu-west-1:111122223333:instance/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
FOREIGN_QUEUE = f"{FOREIGN}/queue/5cba7cbf-1ecb-4b6d-b8bd-fe91079b3fc8"


def foreign_flow() -> str:
    return content(set_queue("set", FOREIGN_QUEUE, "queue"), to_queue(), end())


def put(instance: Instance, references: dict) -> dict:
    return instance.server.control("POST", f"/instances/{instance.id}/references", {"References": references})


def queue_of(instance: Instance, flow: str) -> str:
    task = instance.task(ContactFlowId=flow)
    instance.when_queued(task)
    return instance.contact(task)["QueueInfo"]["Id"]


def test_a_map_of_an_instance(fresh):
    refused = {"Name": "foreign", "Type": "CONTACT_FLOW", "Content": foreign_flow()}
    fresh.refused("InvalidContactFlowException", "Failed to convert id", "create_contact_flow", **refused)
    first, second = fresh.queue(), fresh.queue()
    given = {f"{FOREIGN}/queue/*": first}
    assert put(fresh, given) == {"References": given}
    assert fresh.server.control("GET", f"/instances/{fresh.id}/references") == {"References": given}
    flow = fresh.flow(foreign_flow())
    assert fresh.describe_contact_flow(ContactFlowId=flow)["ContactFlow"]["Content"] == foreign_flow()
    assert queue_of(fresh, flow) == first
    # Tasks follow the map at once, and an exact reference goes before a pattern.
    put(fresh, given | {FOREIGN_QUEUE: second})
    assert queue_of(fresh, flow) == second


def test_a_map_of_the_server(tmp_path):
    instance = Instance.create(Server(tmp_path).start())
    queue = instance.queue()
    instance.server.stop()
    instance.server.config_path.write_text(f'[references]\n"{FOREIGN}/queue/*" = "{queue}"\n')
    instance = Instance(instance.server.start(), instance.id, instance.arn)
    assert queue_of(instance, instance.flow(foreign_flow())) == queue
    # An instance's own map is asked first.
    other = instance.queue()
    put(instance, {FOREIGN_QUEUE: other})
    assert queue_of(instance, instance.flow(foreign_flow())) == other
    assert instance.server.stop() == 0


def test_prompts(fresh):
    prompt = action(
        "say",
        "MessageParticipant",
        {"PromptId": f"{FOREIGN}/prompt/{absent_id()}"},
        then="stay",
        errors={"NoMatchingError": "stay"},
    )
    flow = content(prompt, stay(), end())
    refused = {"Name": "prompt", "Type": "CONTACT_FLOW", "Content": flow}
    fresh.refused("InvalidContactFlowException", "Failed to convert id", "create_contact_flow", **refused)
    put(fresh, {f"{FOREIGN}/prompt/*": "silence"})
    fresh.flow(flow)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "missing field `References`"),
        ({"References": {"a": 5}}, "expected a string"),
        ({"References": {"a": "b*"}}, "which is a pattern"),
        ({"References": {"": "b"}}, "give 1 to 500"),
        ({"References": {f"a{n}": "b" for n in range(1_001)}}, "at most 1000"),
    ],
)
def test_refused_maps(instance, body, part):
    path = f"/_callboard/v1/instances/{instance.id}/references"
    answer = raw.send(instance.server, "POST", path, json.dumps(body).encode())
    assert (answer.status, part in answer.message) == (400, True), answer.body
    unknown = raw.send(instance.server, "GET", f"/_callboard/v1/instances/{absent_id()}/references")
    assert unknown.status == 404


def test_a_wrong_map_of_the_server(tmp_path):
    with pytest.raises(ServerError) as caught:
        Server(tmp_path, config='[references]\na = "b*"\n').start()
    assert "which is a pattern" in str(caught.value)
