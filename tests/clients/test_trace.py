"""What flows did with a contact: by HTTP and by `callboard trace`."""

import json

import pytest

from harness import raw
from harness.connect import Instance, absent_id
from harness.flows import action, content, end, set_attributes, stay
from harness.server import Server, callboard


def flow() -> str:
    return content(
        set_attributes("set", "check", colour="$.Attributes.given"),
        action(
            "check",
            "Compare",
            {"ComparisonValue": "$.Attributes.colour"},
            then="stay",
            errors={"NoMatchingCondition": "stay"},
            conditions=[("Equals", "red", "call")],
        ),
        action(
            "call",
            "InvokeLambdaFunction",
            {
                "LambdaFunctionARN": "arn:aws:lambda:us-east-1:000000000000:function:nowhere",
                "InvocationTimeLimitSeconds": "3",
            },
            then="stay",
            errors={"NoMatchingError": "stay"},
        ),
        stay(),
        end(),
    )


def trace(instance: Instance, contact: str, **query) -> dict:
    given = "".join(f"&{name}={value}" for name, value in query.items())
    return instance.server.control("GET", f"/contacts/{contact}/trace?instance={instance.id}{given}")


def traced(instance: Instance) -> str:
    task = instance.task(ContactFlowId=instance.flow(flow()), Attributes={"given": "red"})
    instance.server.advance(1)
    return task


def test_every_action_is_told(timed):
    task = traced(timed)
    page = trace(timed, task)
    assert page["ContactId"] == task
    assert "Next" not in page
    assert page["Total"] == len(page["Actions"])
    told = [(entry["Identifier"], entry["Type"], entry["Result"], entry.get("NextAction")) for entry in page["Actions"]]
    assert told[:2] == [
        ("set", "UpdateContactAttributes", "Next", "check"),
        ("check", "Compare", "red", "call"),
    ]
    assert page["Actions"][0]["Parameters"] == {"Attributes": {"colour": "red"}}
    failed = next(entry for entry in page["Actions"] if entry["Type"] == "InvokeLambdaFunction" and "Error" in entry)
    assert failed["Result"] == "NoMatchingError"
    assert "AssociateLambdaFunction" in failed["Error"]
    assert [entry["Number"] for entry in page["Actions"]] == list(range(1, page["Total"] + 1))


def test_a_long_trace_has_pages(timed):
    turns = content(
        action(
            "loop",
            "Loop",
            {"LoopCount": "100"},
            then="stay",
            conditions=[("Equals", "ContinueLooping", "set"), ("Equals", "DoneLooping", "stay")],
        ),
        set_attributes("set", "pause", long="x" * 3_000),
        stay("pause", 1, "loop"),
        stay(),
        end(),
    )
    task = timed.task(ContactFlowId=timed.flow(turns))
    timed.server.advance(200)
    numbers, after = [], {}
    while True:
        page = trace(timed, task, **after)
        numbers += [entry["Number"] for entry in page["Actions"]]
        if "Next" not in page:
            break
        after = {"after": page["Next"]}
    assert after
    assert numbers == sorted(set(numbers))
    assert page["Total"] == numbers[-1]


def test_the_command(timed):
    task = traced(timed)
    place = ("--data-dir", timed.server.data_dir, "--instance", timed.id)
    table = callboard("trace", *place, task)
    assert f"contact {task}: " in table
    assert "red -> call" in table
    assert "error: " in table
    assert "\x1b" not in table
    lines = [json.loads(line) for line in callboard("trace", *place, "--json", task).splitlines()]
    assert lines == trace(timed, task)["Actions"]


def test_the_command_without_a_server(tmp_path):
    server = Server(tmp_path, test_clock=True).start()
    instance = Instance.create(server, alias="traced")
    task = traced(instance)
    server.stop()
    table = callboard("trace", "--data-dir", server.data_dir, "--instance", "traced", task)
    assert "red -> call" in table
    unknown = callboard("trace", "--data-dir", server.data_dir, "--instance", "other", task, code=1)
    assert "Instance not found" in unknown


def test_refused_traces(timed):
    task = traced(timed)
    for path, status, part in (
        (f"{task}/trace", 400, "add ?instance="),
        (f"{task}/trace?instance={absent_id()}", 404, "Instance not found"),
        (f"{absent_id()}/trace?instance={timed.id}", 404, "Resource not found"),
        (f"x/trace?instance={timed.id}", 404, "no id of a contact"),
        (f"{task}/trace?instance={timed.id}&after=x", 400, "Next of the page before"),
    ):
        answer = raw.send(timed.server, "GET", f"/_callboard/v1/contacts/{path}")
        assert (answer.status, part in answer.body.decode()) == (status, True), answer.body


@pytest.mark.parametrize("kept", [True, False])
def test_traces_can_be_turned_off(tmp_path, kept):
    server = Server(tmp_path, test_clock=True, config=f"[flows]\ntrace = {str(kept).lower()}\n").start()
    instance = Instance.create(server)
    assert bool(trace(instance, traced(instance))["Actions"]) is kept
    assert server.stop() == 0
