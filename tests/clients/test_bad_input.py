"""Bad input harms nobody else: each is refused, changes nothing, and an ordinary call works afterwards."""

import json
import threading

import botocore.exceptions
import pytest

from harness import flows, raw
from harness.connect import client

TASK = "/contact/task"
MEBIBYTE = 1 << 20
SLOW_CLIENTS = 50


@pytest.fixture(scope="module")
def flow(instance):
    return instance.flow(flows.waiting())


@pytest.fixture(autouse=True)
def nothing_changes(instance, flow):
    before = instance.digest()
    yield
    assert instance.digest() == before, "bad input changed the instance"
    assert instance.task(ContactFlowId=flow)


def put(instance, body: bytes, **signing) -> raw.Answer:
    return raw.send(instance.server, "PUT", TASK, body, **signing)


def task_body(instance, flow, **members) -> dict:
    return {"InstanceId": instance.id, "ContactFlowId": flow, "Name": "bad input"} | members


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"Name": }',
        b"nul",
        b'{"Name": "a"} trailing',
        b'{"Name": "\xff\xfe"}',
        b"\x00\x01\x02",
        b'{"Name": "\\ud800"}',
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 10_000,
        b'{"Attributes": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
    ids=[
        "brace",
        "no value",
        "no word",
        "trailing",
        "no utf-8",
        "bytes",
        "half a pair",
        "deep",
        "brackets",
        "deep member",
    ],
)
def test_malformed_bodies(instance, body):
    answer = put(instance, body)
    assert (answer.status, answer.error_type) == (400, "BadRequestException")
    assert answer.message.startswith("Invalid request body")


def test_a_deep_segment_attribute(instance, flow):
    text = json.dumps(task_body(instance, flow, SegmentAttributes={"Region": {}})).replace("{}", "@")
    nested = '{"ValueMap":{"k":' * 2000 + '{"ValueString":"x"}' + "}}" * 2000
    answer = put(instance, text.replace("@", nested).encode())
    assert answer.status == 400
    assert answer.error_type in ("BadRequestException", "InvalidParameterException")


def test_a_large_body(instance, flow):
    answer = put(instance, json.dumps(task_body(instance, flow, Description="d" * 5 * MEBIBYTE)).encode())
    assert (answer.status, answer.error_type) == (413, "RequestEntityTooLargeException")


def test_wrong_members(instance, flow):
    for members in (
        {"Name": 1},
        {"Name": None},
        {"Attributes": {"a": 1}},
        {"Attributes": "a"},
        {"References": {"r": "x"}},
        {"ScheduledTime": "soon"},
        {"ScheduledTime": 1e400},
        {"Attachments": {}},
    ):
        answer = put(instance, json.dumps(task_body(instance, flow, **members)).encode())
        assert answer.status == 400, members
        assert answer.error_type in ("BadRequestException", "InvalidRequestException", "InvalidParameterException")


def test_odd_ids(instance):
    for bad in ("%00", "a b", "'; drop table contacts; --", "ü" * 50, "arn:aws:connect", "00000000-0000-0000"):
        instance.refused("ResourceNotFoundException", f"no contact {bad} ", "describe_contact", ContactId=bad)


def test_unknown_paths_and_methods(instance):
    for method, path in (("GET", "/no/such/thing"), ("PATCH", TASK), ("GET", "/"), ("DELETE", "/instance")):
        answer = raw.send(instance.server, method, path)
        assert (answer.status, answer.error_type) == (404, "UnknownOperationException"), (method, path, answer)


def test_a_known_operation_that_we_lack(instance):
    with pytest.raises(botocore.exceptions.ClientError, match="ListPhoneNumbersV2") as caught:
        client(instance.server).list_phone_numbers_v2(InstanceId=instance.id)
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_header_bomb(instance):
    bomb = b"".join(b"x-h-%d: %s\r\n" % (n, b"v" * 100) for n in range(20_000))
    answer = raw.exchange(instance.server, b"GET /instance HTTP/1.1\r\nHost: x\r\n" + bomb + b"\r\n")
    assert not answer.startswith(b"HTTP/1.1 200")
    one = b"GET /instance HTTP/1.1\r\nHost: x\r\nx-long: " + b"v" * (4 * MEBIBYTE) + b"\r\n\r\n"
    assert not raw.exchange(instance.server, one).startswith(b"HTTP/1.1 200")


def test_a_long_target(instance):
    long = b"GET /" + b"a" * MEBIBYTE + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert not raw.exchange(instance.server, long).startswith(b"HTTP/1.1 200")


def test_bytes_that_are_no_http(instance):
    for data in (b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET\r\n\r\n", b"\0" * 4096):
        assert not raw.exchange(instance.server, data).startswith(b"HTTP/1.1 200")


def test_broken_connections(instance, flow):
    body = json.dumps(task_body(instance, flow)).encode()
    target, headers = raw.signed(instance.server, "PUT", TASK, body)
    head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{instance.server.port}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() != "content-length")
    head += f"Content-Length: {len(body)}\r\n\r\n"
    for sent in (head[:40].encode(), head.encode(), head.encode() + body[:10]):
        with raw.connected(instance.server) as connection:
            connection.sendall(sent)


def test_slow_clients_hold_up_nobody(instance):
    """Clients that send a byte and fall silent leave the server to others."""
    connections = [raw.connected(instance.server) for _ in range(SLOW_CLIENTS)]
    try:
        for connection in connections:
            connection.sendall(b"PUT /contact/task HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        done = threading.Event()

        def call():
            client(instance.server).list_instances()
            done.set()

        threading.Thread(target=call, daemon=True).start()
        assert done.wait(raw.ANSWER_SECONDS_MAX)
    finally:
        for connection in connections:
            connection.close()


def test_two_lengths(instance):
    """A request that two readers could cut at different places is refused."""
    smuggled = (
        b"POST /contact/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    assert not raw.exchange(instance.server, smuggled).startswith(b"HTTP/1.1 200")
    twice = b"POST /contact/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}{"
    assert not raw.exchange(instance.server, twice).startswith(b"HTTP/1.1 200")
