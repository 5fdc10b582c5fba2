"""Agents at their desks: people with a session and an event stream, and programs that sign their requests."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.parse

from harness import raw, schemas

# How long a stream may take to bring what a test waits for.
NEWS_SECONDS_MAX = 60


class Refused(Exception):
    """The interface refused a request."""

    def __init__(self, status: int, error: dict):
        super().__init__(f"{status} {error.get('Type')}: {error.get('Message')}")
        self.status, self.type, self.message = status, error.get("Type"), error.get("Message")


def _answer(url: str, method: str, path: str, status: int, body: bytes) -> dict:
    """The content of an answer, which is what the interface's own document says of it."""
    content = json.loads(body)
    schemas.check(url, method, path, status, content)
    if status != 200:
        raise Refused(status, content)
    return content


class Desk:
    """What people and programs do alike."""

    def send(self, method: str, path: str, body: dict | None = None) -> dict:
        raise NotImplementedError

    def snapshot(self) -> dict:
        return self.send("GET", "snapshot")

    def contacts(self) -> dict[str, str]:
        """State of each contact at the agent."""
        return {entry["ContactId"]: entry["State"] for entry in self.snapshot()["Contacts"]}

    def act(self, contact: str, action: str, **body) -> dict:
        return self.send("POST", f"contacts/{contact}/{action}", body or None)

    def status(self, name: str) -> None:
        wanted = next(status for status in self.snapshot()["Statuses"] if status["Name"] == name)
        self.send("PUT", "status", {"AgentStatusId": wanted["AgentStatusId"]})


class Program(Desk):
    """A program that acts for a user with an access key."""

    def __init__(self, instance, user: str, key_id: str | None = None, secret: str | None = None):
        self.instance, self.user = instance, user
        self.keys = {"key_id": key_id, "secret": secret}

    def send(self, method: str, path: str, body: dict | None = None) -> dict:
        target = f"/agent/v1/users/{self.user}/{path}?instance={self.instance.id}"
        content = b"" if body is None else json.dumps(body).encode()
        server = self.instance.server
        answer = raw.send(server, method, target, content, **self.keys)
        return _answer(server.url, method, f"users/{self.user}/{path}", answer.status, answer.body)


class Person(Desk):
    """Somebody with a session, who follows the event stream."""

    def __init__(self, server, instance_id: str, username: str, password: str):
        self.server = server
        signed_in = self._request(
            "POST", "session", {"InstanceId": instance_id, "Username": username, "Password": password}, {}
        )
        self.token, self.user = signed_in["Token"], signed_in["UserId"]
        self._news = threading.Condition()
        self._snapshots: list[dict] = []
        # The event by which the server ended the stream: its name and what it says.
        self._farewell: tuple[str, dict] | None = None
        self._stream: http.client.HTTPConnection | None = None
        self._follower: threading.Thread | None = None

    def _connection(self) -> http.client.HTTPConnection:
        split = urllib.parse.urlsplit(self.server.url)
        return http.client.HTTPConnection(split.hostname, split.port, timeout=NEWS_SECONDS_MAX)

    def _request(self, method: str, path: str, body: dict | None, headers: dict[str, str]) -> dict:
        connection = self._connection()
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers = headers | {"Content-Type": "application/json"}
        connection.request(method, f"/agent/v1/{path}", content, headers)
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        return _answer(self.server.url, method, path, answer.status, read)

    def send(self, method: str, path: str, body: dict | None = None) -> dict:
        return self._request(method, path, body, {"Authorization": f"Bearer {self.token}"})

    def watch(self, last_event_id: str | None = None) -> None:
        """Opens the event stream; the agent is present when this returns."""
        connection = self._connection()
        headers = {"Authorization": f"Bearer {self.token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        connection.request("GET", "/agent/v1/events", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        self._stream = connection
        self._follower = threading.Thread(target=self._follow, args=(answer,), daemon=True)
        self._follower.start()

    def _follow(self, answer: http.client.HTTPResponse) -> None:
        name, data = "", ""
        try:
            for line in answer:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text.removeprefix("event: ")
                elif text.startswith("data: "):
                    data += text.removeprefix("data: ")
                elif not text and data:
                    with self._news:
                        if name == "snapshot":
                            self._snapshots.append(json.loads(data))
                        else:
                            self._farewell = name, json.loads(data)
                        self._news.notify_all()
                    name, data = "", ""
        except (OSError, http.client.HTTPException):
            # The test closed the stream, or the server went.
            return
        finally:
            answer.close()

    def leave(self) -> None:
        """Closes the event stream, as a browser that is closed does."""
        if self._stream is None:
            return
        try:
            self._stream.sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            # The server was faster.
            if error.errno not in raw.CLOSED_BY_THE_SERVER:
                raise
        self._follower.join(NEWS_SECONDS_MAX)
        self._stream.close()
        self._stream = None

    def sign_out(self) -> None:
        self.send("DELETE", "session")

    def when_over(self) -> tuple[str, dict]:
        """Waits until the server ends the stream; the event by which it did: its name and what it says."""
        self._follower.join(NEWS_SECONDS_MAX)
        assert not self._follower.is_alive(), f"the stream goes on; the newest snapshot is {self.seen[-1:]}"
        assert self._farewell is not None, "the stream broke off without a word"
        return self._farewell

    @property
    def seen(self) -> list[dict]:
        """All snapshots that the stream brought."""
        with self._news:
            return list(self._snapshots)

    def when(self, condition, what: str) -> dict:
        """Waits for a snapshot of the stream, from now or earlier the newest, that fulfils the condition."""

        def found() -> bool:
            return bool(self._snapshots) and condition(self._snapshots[-1])

        with self._news:
            arrived = self._news.wait_for(found, NEWS_SECONDS_MAX)
            newest = self._snapshots[-1] if self._snapshots else None
        if newest is not None:
            schemas.check_snapshot(self.server.url, newest)
        assert arrived, f"{what} did not come; the newest snapshot is {newest}"
        return newest

    def when_contact(self, contact: str, state: str | None) -> dict | None:
        """Waits until the contact has this state at the agent; None: until it is gone."""

        def entry(snapshot: dict) -> dict | None:
            return next((entry for entry in snapshot["Contacts"] if entry["ContactId"] == contact), None)

        def reached(snapshot: dict) -> bool:
            found = entry(snapshot)
            return found is None if state is None else found is not None and found["State"] == state

        return entry(self.when(reached, f"contact {contact} in state {state}"))
