"""What an operator does, seen by the clients: HTTPS, keys, backups, settings, logs, metrics, retention."""

import json
import os
import re
import shutil
import ssl
import subprocess
import threading
import urllib.request

import botocore.exceptions
import pytest

from harness import flows, raw
from harness.connect import Instance, client, error_code, unique
from harness.server import (
    ACCOUNT,
    CONFIG,
    READY_SECONDS_MAX,
    REGION,
    REPOSITORY,
    Server,
    binary,
    callboard,
    environment,
)

DAY_SECONDS = 86_400
# Of the database.
PAGE_BYTES = 4096

# Self-made, for localhost and 127.0.0.1.
CERTIFICATE = REPOSITORY / "crates" / "server" / "tests" / "it" / "fixtures" / "cert.pem"
PRIVATE_KEY = CERTIFICATE.with_name("key.pem")


def new_key(server, name: str) -> dict[str, str]:
    """Issues an access key beside the running server; as the parameters of a client."""
    shown = callboard("keys", "create", "--data-dir", server.data_dir, "--name", name)
    return dict(re.findall(r"(aws_\w+) = (\S+)", shown))


def test_https_with_a_certificate_of_ones_own(tmp_path):
    server = Server(tmp_path, flags=("--tls-cert", str(CERTIFICATE), "--tls-key", str(PRIVATE_KEY))).start()
    try:
        assert server.url.startswith("https://127.0.0.1:")
        assert client(server, verify=str(CERTIFICATE)).list_instances()["InstanceSummaryList"] == []
        with pytest.raises(botocore.exceptions.SSLError):
            client(server).list_instances()
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        ready = urllib.request.urlopen(f"{server.url}/health/ready", timeout=raw.ANSWER_SECONDS_MAX, context=trusting)
        with ready as answer:
            assert answer.status == 200
    finally:
        assert server.stop() == 0


def test_a_key_of_ones_own(server, instance):
    ann = new_key(server, "ann")
    connect = client(server, **ann)
    assert connect.describe_instance(InstanceId=instance.id)["Instance"]["Id"] == instance.id
    keys = {"key_id": ann["aws_access_key_id"], "secret": ann["aws_secret_access_key"]}
    answer = raw.send(server, "POST", "/_callboard/v1/clock/advance", b'{"Seconds": 1}', **keys)
    assert (answer.status, answer.error_type) == (403, "AccessDeniedException")
    assert ann["aws_access_key_id"] in callboard("keys", "list", "--data-dir", server.data_dir)
    callboard("keys", "rekey", "--data-dir", server.data_dir)
    assert connect.list_queues(InstanceId=instance.id)["QueueSummaryList"]
    callboard("keys", "revoke", "--data-dir", server.data_dir, ann["aws_access_key_id"])
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        connect.describe_instance(InstanceId=instance.id)
    assert error_code(caught.value) == "UnrecognizedClientException"
    assert instance.list_queues()["QueueSummaryList"]


def test_a_backup_of_a_busy_server_comes_back(tmp_path, files):
    """Tasks that were answered for before the backup are in it, with their attachments and tokens."""
    server = Server(tmp_path / "first").start()
    copy = tmp_path / "copy"
    try:
        instance = Instance.create(server)
        instance.store_attachments()
        attachment = {"FileName": "notes.txt", "S3Url": files.put("backup/notes.txt", b"kept notes")}
        flow = instance.flow()
        call = {
            "ContactFlowId": flow,
            "Name": "kept",
            "ClientToken": unique("token"),
            "Attributes": {"a": "1"},
            "Attachments": [attachment],
        }
        kept = instance.task(**call)
        assert instance.eventually_attachment(kept, "notes.txt")["Status"] == "APPROVED"
        before = instance.when_queued(kept)
        enough = threading.Event()

        def go_on() -> None:
            busy = Instance(server, instance.id, instance.arn)
            while not enough.is_set():
                busy.task(ContactFlowId=flow)

        others = threading.Thread(target=go_on)
        others.start()
        try:
            callboard("backup", "--data-dir", server.data_dir, "--to", copy)
        finally:
            enough.set()
            others.join()
        assert instance.contact(kept) == before
    finally:
        server.kill()

    restored = Server(tmp_path / "second")
    told = callboard("restore", "--data-dir", restored.data_dir, "--from", copy)
    assert "no problems found" in told
    assert "no problems found" in callboard("check", "--data-dir", restored.data_dir)
    shutil.copy(server.data_dir / "secret.key", restored.data_dir)
    try:
        instance = Instance(restored.start(), instance.id, instance.arn)
        assert instance.contact(kept) == before
        assert instance.task(**call) == kept
        assert instance.references(kept, "ATTACHMENT")["notes.txt"]["Status"] == "APPROVED"
        stored = [path for path in (restored.data_dir / "attachments").rglob("*") if path.is_file()]
        assert [path.read_bytes() for path in stored] == [b"kept notes"]
        instance.when_queued(instance.task(ContactFlowId=flow))
    finally:
        restored.kill()


def damage(database) -> None:
    """Overwrites every second page from the middle on: one alone may be free."""
    content = bytearray(database.read_bytes())
    for page in range(len(content) // 2 // PAGE_BYTES * PAGE_BYTES, len(content), 2 * PAGE_BYTES):
        content[page : page + PAGE_BYTES] = b"\xff" * PAGE_BYTES
    database.write_bytes(content)


def test_damage_is_told(tmp_path):
    server = Server(tmp_path / "first").start()
    Instance.create(server)
    copy, restored = tmp_path / "copy", tmp_path / "second"
    callboard("backup", "--data-dir", server.data_dir, "--to", copy)
    assert server.stop() == 0
    assert "no problems found" in callboard("check", "--data-dir", server.data_dir)
    callboard("restore", "--data-dir", restored, "--from", copy)
    damage(restored / "callboard.db")
    assert "problem: " in callboard("check", "--data-dir", restored, code=1)
    damage(copy / "callboard.db")
    assert "is damaged" in callboard("restore", "--data-dir", tmp_path / "third", "--from", copy, code=1)


@pytest.mark.parametrize(
    ("variables", "flags", "account"),
    [
        ({}, (), "111111111111"),
        ({"CALLBOARD_ACCOUNT_ID": "222222222222"}, (), "222222222222"),
        ({"CALLBOARD_ACCOUNT_ID": "222222222222"}, ("--account-id", "333333333333"), "333333333333"),
    ],
    ids=["file", "variable", "flag"],
)
def test_a_flag_wins_over_a_variable_over_the_file(tmp_path, variables, flags, account):
    config = 'account_id = "111111111111"\n' + CONFIG
    server = Server(tmp_path, config=config, variables=variables, flags=flags).start()
    try:
        assert account != ACCOUNT
        assert Instance.create(server).arn.startswith(f"arn:aws:connect:{REGION}:{account}:instance/")
    finally:
        assert server.stop() == 0


def test_log_lines_as_json(tmp_path):
    server = Server(tmp_path, flags=("--log-format", "json")).start()
    Instance.create(server)
    assert server.stop() == 0
    lines = server.log_path.read_text().splitlines()
    assert lines
    for line in lines:
        assert {"timestamp", "level"} <= set(json.loads(line)), line


def counted(server, operation: str, status: int) -> int:
    """How many requests of an operation were answered with a status, as `/metrics` tells."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=raw.ANSWER_SECONDS_MAX) as answer:
        text = answer.read().decode()
    labels = rf'operation="{operation}",status="{status}"'
    found = re.search(rf"^callboard_requests_total\{{{labels}\}} (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def test_requests_are_counted(fresh):
    before = counted(fresh.server, "StartTaskContact", 200), counted(fresh.server, "StartTaskContact", 400)
    fresh.task(ContactFlowId=fresh.flow(flows.waiting()))
    fresh.refused("InvalidRequestException", "unique flow", "start_task_contact", Name="no flow")
    after = counted(fresh.server, "StartTaskContact", 200), counted(fresh.server, "StartTaskContact", 400)
    assert after == (before[0] + 1, before[1] + 1)


def test_ended_tasks_are_kept_for_a_time(tmp_path):
    server = Server(tmp_path, test_clock=True, config="[retention]\ncontacts_days = 2\n").start()
    try:
        instance = Instance.create(server)
        flow = instance.flow(flows.waiting())
        ended, open_task = instance.task(ContactFlowId=flow), instance.task(ContactFlowId=flow)
        instance.stop_contact(ContactId=ended)
        server.advance(DAY_SECONDS)
        assert "DisconnectTimestamp" in instance.contact(ended)
        server.advance(2 * DAY_SECONDS)
        instance.refused("ResourceNotFoundException", None, "describe_contact", ContactId=ended)
        assert "DisconnectTimestamp" not in instance.contact(open_task)
    finally:
        assert server.stop() == 0


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    """`callboard … | head -1` ends as other commands do: silently, as if SIGPIPE had ended it."""
    stopped = Server(tmp_path).start()
    stopped.stop()
    flow = tmp_path / "flow.json"
    flow.write_text(flows.waiting())
    place = ("--data-dir", str(stopped.data_dir))
    for command in (
        ("--help",),
        ("version",),
        ("config", "docs"),
        ("flow", "check", str(flow)),
        ("flow", "graph", str(flow)),
        ("keys", "list", *place),
        ("check", *place),
    ):
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.run(
            [str(binary()), *command],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=READY_SECONDS_MAX,
            check=False,
        )
        os.close(writer)
        assert process.stderr == "", command
        assert process.returncode == (0 if command == ("--help",) else 141), command
