"""Starting tasks from several connections until the server goes away, and remembering what it acknowledged."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import itertools
import json
import threading

from harness import raw

# Connections that start tasks at the same time.
CONNECTIONS = 6


def attributes(token: str) -> dict[str, str]:
    """Attributes that tell whether they are whole."""
    filling = token * 8
    return {"token": token, "filling": filling, "sum": hashlib.sha256((token + filling).encode()).hexdigest()}


def are_whole(shown: dict[str, str]) -> bool:
    whole = hashlib.sha256((shown.get("token", "") + shown.get("filling", "")).encode()).hexdigest()
    return shown.get("sum") == whole


@dataclasses.dataclass
class Load:
    """What was sent, and what was acknowledged, by ClientToken."""

    server: object
    instance_id: str
    flow_id: str
    sent: set[str] = dataclasses.field(default_factory=set)
    acknowledged: dict[str, str] = dataclasses.field(default_factory=dict)
    refused: list[raw.Answer] = dataclasses.field(default_factory=list)

    def body(self, token: str) -> bytes:
        task = {
            "InstanceId": self.instance_id,
            "ContactFlowId": self.flow_id,
            "Name": f"task {token}",
            "ClientToken": token,
            "Attributes": attributes(token),
        }
        return json.dumps(task).encode()

    def start(self, connection: http.client.HTTPConnection, token: str) -> bool:
        """Starts one task; whether the server is still there."""
        self.sent.add(token)
        body = self.body(token)
        target, headers = raw.signed(self.server, "PUT", "/contact/task", body)
        try:
            connection.request("PUT", target, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            return False
        if response.status == 200:
            self.acknowledged[token] = json.loads(content)["ContactId"]
        else:
            self.refused.append(raw.Answer(response.status, dict(response.getheaders()), content))
        return True

    def run(self, prefix: str, *, until, then=None) -> None:
        """Starts tasks until `until(self)` holds, which calls `then` once, and goes on until the server goes away."""
        numbers = itertools.count()
        lock = threading.Lock()
        done = threading.Event()

        def work() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=raw.ANSWER_SECONDS_MAX)
            while not done.is_set():
                with lock:
                    token = f"{prefix}-{next(numbers)}"
                if not self.start(connection, token):
                    done.set()
                with lock:
                    reached = not done.is_set() and until(self)
                    if reached:
                        done.set()
                if reached and then:
                    then()
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def again(self, tokens) -> dict[str, str]:
        """Sends these calls once more; the ids that they answer with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=raw.ANSWER_SECONDS_MAX)
        answered = {}
        for token in tokens:
            before = self.acknowledged.pop(token, None)
            assert self.start(connection, token), "the server went away"
            assert token in self.acknowledged, self.refused[-1]
            answered[token] = self.acknowledged[token]
            assert before in (None, answered[token]), f"{token} gave {before} and then {answered[token]}"
        connection.close()
        return answered
