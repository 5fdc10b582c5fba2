"""Requests below the SDKs: bytes as they are, signed by botocore's own signer or not at all."""

from __future__ import annotations

import dataclasses
import errno
import http.client
import json
import socket
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

# A server that does not answer within this time has failed the test.
ANSWER_SECONDS_MAX = 60

# What sending to a connection that the server has closed may fail with.
CLOSED_BY_THE_SERVER = {errno.ECONNABORTED, errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE}


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def error_type(self) -> str:
        return self.headers.get("x-amzn-errortype", "").split(":")[0]

    @property
    def message(self) -> str:
        content = self.json()
        return content.get("message") or content.get("Message") or ""


def signed(server, method: str, path: str, body: bytes = b"", *, headers=None, signer=None, key_id=None, secret=None):
    """The headers of a request signed for `server`. `signer` is a class of botocore.auth."""
    from harness.server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

    credentials = botocore.credentials.Credentials(key_id or ACCESS_KEY_ID, secret or SECRET_ACCESS_KEY)
    request = botocore.awsrequest.AWSRequest(method, server.url + path, headers=headers or {}, data=body)
    if body and "Content-Type" not in request.headers:
        request.headers["Content-Type"] = "application/json"
    (signer or botocore.auth.SigV4Auth)(credentials, "connect", REGION).add_auth(request)
    prepared = request.prepare()
    split = urllib.parse.urlsplit(prepared.url)
    target = split.path + (f"?{split.query}" if split.query else "")
    return target, {name: _text(value) for name, value in prepared.headers.items()}


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def unsigned(server, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """Sends exactly these headers (and Host, Content-Length)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS_MAX)
    try:
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
    finally:
        connection.close()


def send(server, method: str, path: str, body: bytes = b"", **signing) -> Answer:
    """Signs and sends."""
    target, headers = signed(server, method, path, body, **signing)
    return unsigned(server, method, target, headers, body)


def connected(server) -> socket.socket:
    """A bare connection, for requests that no HTTP library would send."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_SECONDS_MAX)


def exchange(server, data: bytes) -> bytes:
    """Sends these bytes and answers what the server sends until it closes the connection.

    A server that has seen enough may answer and close before all is sent. What it answered is read even so.
    """
    with connected(server) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError as closed:
            if closed.errno not in CLOSED_BY_THE_SERVER:
                raise
        return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection or falls silent for the answer time."""
    received = b""
    end = time.monotonic() + ANSWER_SECONDS_MAX
    while time.monotonic() < end:
        try:
            part = connection.recv(65536)
        except (ConnectionError, TimeoutError):
            break
        if not part:
            break
        received += part
    return received
