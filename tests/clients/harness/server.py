"""One `callboard serve` process, bound to a free port of 127.0.0.1."""

from __future__ import annotations

import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import urllib.parse

from harness import raw

ACCESS_KEY_ID = "AKIACALLBOARDROOTKEY"
SECRET_ACCESS_KEY = "a-root-secret-that-only-the-tests-use/0123"
REGION = "us-east-1"
ACCOUNT = "000000000000"

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

# How long a server may take to say that it is ready, and to stop.
READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30

CONFIG = """
# Attachments are fetched from a file server of the test process, which listens on the loopback address.
[attachments]
allowed_hosts = ["127.0.0.1"]
allow_private_addresses = true

[agents]
# A closed stream is noticed at once: nothing waits for a heartbeat.
heartbeat_seconds = 1800
# A week of virtual time would be 5,040 of them for every agent.
event_heartbeat_seconds = ""
"""


def binary() -> pathlib.Path:
    """The server under test: CALLBOARD_BINARY, or what `cargo build` puts in place."""
    given = os.environ.get("CALLBOARD_BINARY")
    return pathlib.Path(given) if given else REPOSITORY / "target" / "debug" / "callboard"


def environment(given: dict[str, str] | None = None) -> dict[str, str]:
    """The process's environment without what would configure Callboard or a client, with what is given."""
    foreign = ("CALLBOARD_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | (given or {})


def callboard(*arguments: str | pathlib.Path, code: int = 0) -> str:
    """Runs a command of `callboard` to its end; what it printed. `code` is the exit code that it must have."""
    command = [str(binary()), *map(str, arguments)]
    done = subprocess.run(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class ServerError(Exception):
    """The server did not start or did not stop as it should."""


class Server:
    """A server process and its data directory. The directory outlives the process, so it can be started again."""

    def __init__(
        self,
        directory: pathlib.Path,
        *,
        test_clock: bool = False,
        config: str = CONFIG,
        flags: tuple[str, ...] = (),
        variables: dict[str, str] | None = None,
    ):
        self.directory = directory
        self.data_dir = directory / "data"
        self.flags = (*flags, "--test-clock") if test_clock else flags
        self.variables = {
            "CALLBOARD_ROOT_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "CALLBOARD_ROOT_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        } | (variables or {})
        self.url = ""
        self._process: subprocess.Popen | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.config_path = directory / "callboard.toml"
        self.config_path.write_text(config)
        self.log_path = directory / "server.log"

    @property
    def port(self) -> int:
        return urllib.parse.urlsplit(self.url).port

    def start(self) -> Server:
        arguments = [
            str(binary()),
            "serve",
            "--data-dir",
            str(self.data_dir),
            "--listen",
            "127.0.0.1:0",
            "--config",
            str(self.config_path),
            *self.flags,
        ]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                arguments,
                env=environment(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> str:
        lines: queue.Queue[str | None] = queue.Queue()
        stdout = self._process.stdout

        def read() -> None:
            # Reads on for as long as the server lives: a full pipe would stop it.
            with stdout:
                for line in stdout:
                    lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        seen = []
        while True:
            try:
                line = lines.get(timeout=READY_SECONDS_MAX)
            except queue.Empty:
                line = None
            if line is None:
                self.kill()
                log = self.log_path.read_text(errors="replace")
                raise ServerError(f"the server did not become ready; it printed {''.join(seen)!r} and logged:\n{log}")
            seen.append(line)
            if line.startswith("listening on "):
                return line.removeprefix("listening on ").strip()

    def kill(self) -> None:
        """Ends the process as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Sends the process a signal."""
        self._process.send_signal(number)

    def wait_until_gone(self) -> int:
        """Waits for a process that ends by itself; its exit code, or the signal that ended it, negative."""
        code = self._process.wait(STOP_SECONDS_MAX)
        self._process = None
        return code

    def stop(self) -> int:
        """Asks the process to stop (SIGTERM) and answers its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise ServerError(f"the server did not stop within {STOP_SECONDS_MAX} s") from late
        self._process = None
        return code

    def control(self, method: str, path: str, body: dict | None = None) -> dict:
        """A signed call of Callboard's own interface, with the root key."""
        content = b"" if body is None else json.dumps(body).encode()
        answer = raw.send(self, method, f"/_callboard/v1{path}", content)
        if answer.status != 200:
            raise ServerError(f"{method} {path} answered {answer.status} {answer.body!r}")
        return answer.json()

    def metrics(self) -> str:
        """The metrics, as Prometheus reads them."""
        return raw.send(self, "GET", "/metrics").body.decode()

    def digest(self, instance_id: str) -> str:
        """A digest over all records of the instance."""
        return self.control("GET", f"/instances/{instance_id}/digest")["Digest"]

    def now(self) -> float:
        """The server's virtual or real time, in epoch seconds."""
        return self.control("GET", "/clock")["Now"]

    def advance(self, seconds: float) -> float:
        """Moves virtual time. Everything that became due has been done when this returns."""
        answer = self.control("POST", "/clock/advance", {"Seconds": seconds})
        assert answer["Pending"] == [], answer
        return answer["Now"]
