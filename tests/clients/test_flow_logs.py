"""Flow logs: lines in Amazon Connect's log format, in a file that is opened anew on SIGHUP."""

import json
import signal

import pytest

from harness.connect import Instance, eventually
from harness.flows import action, content, end, set_attributes, stay
from harness.server import Server, ServerError


def logging(behaviour: str) -> str:
    return content(
        action("log", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": behaviour}, then="set"),
        set_attributes("set", "stay", colour="red"),
        stay(),
        end(),
    )


@pytest.fixture
def log(tmp_path):
    return tmp_path / "flows.log"


@pytest.fixture
def server(tmp_path, log):
    running = Server(tmp_path, test_clock=True, config=f'[flow_logs]\nsink = "{log}"\n').start()
    yield running
    assert running.stop() == 0


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def run(instance: Instance, behaviour: str) -> str:
    task = instance.task(ContactFlowId=instance.flow(logging(behaviour)))
    instance.server.advance(1)
    return task


def test_lines_of_contacts_whose_flow_turns_them_on(server, log):
    instance, silent = Instance.create(server), Instance.create(server)
    for which, value in ((instance, "true"), (silent, "false")):
        which.update_instance_attribute(AttributeType="CONTACTFLOW_LOGS", Value=value)
    run(silent, "Enabled")
    run(instance, "Disabled")
    task = run(instance, "Enabled")
    told = eventually(lambda: [line for line in lines(log) if line["ContactFlowModuleType"] == "SetAttributes"], "a line")
    assert {line["ContactId"] for line in lines(log)} == {task}
    assert told[0]["Parameters"] == {"Attributes": {"colour": "red"}}
    assert told[0]["ContactFlowId"].startswith(f"{instance.arn}/contact-flow/")
    assert told[0]["Timestamp"].endswith("Z")
    # Only the owner of the server may read what contacts hold.
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_file_is_opened_anew(server, log):
    instance = Instance.create(server)
    instance.update_instance_attribute(AttributeType="CONTACTFLOW_LOGS", Value="true")
    run(instance, "Enabled")
    eventually(lambda: lines(log), "a line")
    moved = log.with_suffix(".1")
    log.rename(moved)
    server.signal(signal.SIGHUP)
    eventually(lambda: "opened anew" in server.log_path.read_text(), "the word of the server")
    task = run(instance, "Enabled")
    eventually(lambda: log.exists() and lines(log), "a line in the new file")
    assert {line["ContactId"] for line in lines(log)} == {task}
    assert task not in {line["ContactId"] for line in lines(moved)}


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(ServerError) as caught:
        Server(tmp_path, config='[flow_logs]\nsink = "/no/such/folder/flows.log"\n').start()
    assert "flow_logs.sink /no/such/folder/flows.log: No such file" in str(caught.value)
