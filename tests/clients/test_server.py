"""The process: probes, virtual time, `kill -9`, a graceful stop, one server per directory."""

import json
import subprocess
import urllib.request

import boto3
import botocore.config
import pytest

from harness import flows, raw
from harness.connect import CHECKER, Instance, absent_id, unique
from harness.server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Server, binary


def get(server, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(server.url + path, timeout=raw.ANSWER_SECONDS_MAX) as answer:
        return answer.status, answer.read().decode()


def test_probes_need_no_signature(server):
    assert get(server, "/health/live")[0] == 200
    assert get(server, "/health/ready")[0] == 200
    status, metrics = get(server, "/metrics")
    assert status == 200
    assert "# TYPE" in metrics


def test_the_control_interface_needs_one(server):
    answer = raw.unsigned(server, "GET", "/_callboard/v1/clock", {})
    assert (answer.status, answer.error_type) == (403, "MissingAuthenticationTokenException")


def test_default_retries_do_not_disturb(server, instance):
    """The SDK as it comes: a refusal is not tried again, a call works."""
    connect = boto3.client(
        "connect",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )
    CHECKER.listen(connect)
    assert connect.describe_instance(InstanceId=instance.id)["Instance"]["Id"] == instance.id
    with pytest.raises(connect.exceptions.ResourceNotFoundException) as caught:
        connect.describe_instance(InstanceId=absent_id())
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_keys_of_the_environment(server, instance, monkeypatch):
    """Nothing but an endpoint URL is needed beside the environment that SDKs know."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", server.url)
    connect = boto3.session.Session().client(
        "connect", config=botocore.config.Config(retries={"total_max_attempts": 1})
    )
    assert connect.describe_instance(InstanceId=instance.id)["Instance"]["Arn"] == instance.arn


def test_virtual_time_stands_still_until_it_is_moved(clocked):
    now = clocked.now()
    assert clocked.now() == now
    assert clocked.advance(60) == pytest.approx(now + 60)
    assert clocked.now() == pytest.approx(now + 60)


def test_time_cannot_be_moved_back(clocked):
    before = clocked.now()
    answer = raw.send(clocked, "POST", "/_callboard/v1/clock/advance", b'{"Seconds": -1}')
    assert answer.status == 400
    assert clocked.now() == before


def test_real_time_cannot_be_moved(server):
    answer = raw.send(server, "POST", "/_callboard/v1/clock/advance", b'{"Seconds": 1}')
    assert answer.status == 400
    assert "--test-clock" in answer.message


def story(instance) -> tuple[dict, str]:
    """Starts one task that is queued; answers the call and the contact's id."""
    call = {
        "ContactFlowId": instance.flow(),
        "Name": "durable",
        "Attributes": {"a": "1"},
        "ClientToken": unique("token"),
    }
    contact_id = instance.task(**call)
    instance.when_queued(contact_id)
    return call, contact_id


def again(server, instance) -> Instance:
    return Instance(server.start(), instance.id, instance.arn)


def test_a_task_survives_kill_9(tmp_path):
    server = Server(tmp_path).start()
    try:
        instance = Instance.create(server)
        call, contact_id = story(instance)
        before = instance.contact(contact_id)
        digest = instance.digest()
        server.kill()
        instance = again(server, instance)
        assert instance.contact(contact_id) == before
        assert instance.digest() == digest
        assert instance.task(**call) == contact_id
        assert instance.task(**call | {"ClientToken": unique("token")}) != contact_id
    finally:
        server.kill()


def test_a_task_survives_a_graceful_stop(tmp_path):
    server = Server(tmp_path).start()
    try:
        instance = Instance.create(server)
        call, contact_id = story(instance)
        before = instance.contact(contact_id)
        assert server.stop() == 0
        instance = again(server, instance)
        assert instance.contact(contact_id) == before
        assert instance.task(**call) == contact_id
    finally:
        server.kill()


def test_acknowledged_tasks_survive_kill_9_in_the_middle(tmp_path):
    """Answers come after the commit: what was answered is there, whenever the process dies."""
    server = Server(tmp_path).start()
    try:
        instance = Instance.create(server)
        flow = instance.flow(flows.waiting())
        acknowledged = {instance.task(ContactFlowId=flow, Attributes={"n": str(n)}): str(n) for n in range(100)}
        server.kill()
        instance = again(server, instance)
        for contact_id, n in acknowledged.items():
            assert instance.attributes(contact_id) == {"n": n}
    finally:
        server.kill()


def test_virtual_time_survives_a_restart(tmp_path):
    server = Server(tmp_path, test_clock=True).start()
    try:
        instance = Instance.create(server)
        flow = instance.flow(flows.marking("ran", "yes"))
        task = instance.task(ContactFlowId=flow, ScheduledTime=int(server.now()) + 3600)
        server.advance(1800)
        instance.task(ContactFlowId=flow)
        now = server.now()
        server.kill()
        instance = again(server, instance)
        assert server.now() == pytest.approx(now, abs=1)
        server.advance(1900)
        assert instance.attributes(task) == {"ran": "yes"}
    finally:
        server.kill()


def test_one_server_per_directory(server):
    second = subprocess.run(
        [str(binary()), "serve", "--data-dir", str(server.data_dir), "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=raw.ANSWER_SECONDS_MAX,
        check=False,
    )
    assert second.returncode != 0
    assert "listening on" not in second.stdout
    assert "data" in second.stderr


def test_names_are_never_logged(tmp_path):
    server = Server(tmp_path).start()
    try:
        instance = Instance.create(server)
        secret = "a-name-that-is-nobodys-business"
        flow = instance.flow()
        instance.when_queued(instance.task(ContactFlowId=flow, Name=secret, Description=secret))
        bad = json.dumps({"InstanceId": instance.id, "Name": secret, "Description": secret}).encode()
        assert raw.send(server, "PUT", "/contact/task", bad).status == 400
    finally:
        assert server.stop() == 0
    assert secret not in server.log_path.read_text(errors="replace")
