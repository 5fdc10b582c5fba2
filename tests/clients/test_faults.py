"""What was acknowledged is there after a crash, after a power loss, and with a full disk; nothing is there twice."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess

import pytest

from harness import flows, raw
from harness.connect import Instance
from harness.load import Load, are_whole
from harness.server import Server, ServerError, callboard

ROUNDS = int(os.environ.get("CALLBOARD_FAULT_ROUNDS", "50"))
# A failing seed is printed with the assertion; CALLBOARD_FAULT_SEED replays it.
SEED = int(os.environ.get("CALLBOARD_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)

# INITIATED, CONNECTED_TO_SYSTEM, QUEUED.
EVENTS_OF_A_TASK = 3


def prepared(server: Server) -> Load:
    """An instance with a flow that queues, and nothing sent yet."""
    server.start()
    instance = Instance.create(server)
    flow = instance.flow(flows.into_queue(instance.queue_id()))
    return Load(server, instance.id, flow)


def verify(load: Load, tokens: list[str], note: str) -> None:
    """Every acknowledged task of these tokens is there and whole, and each token has one task."""
    load.refused.clear()
    for token in tokens:
        contact_id = load.acknowledged.get(token)
        if contact_id is None:
            continue
        answer = raw.send(load.server, "GET", f"/contacts/{load.instance_id}/{contact_id}")
        assert answer.status == 200, f"{note}: {token} was acknowledged as {contact_id} and is gone: {answer}"
        shown = answer.json()["Contact"]["Attributes"]
        assert shown["token"] == token and are_whole(shown), f"{note}: {shown}"
    first = load.again(tokens)
    assert load.again(tokens) == first, note
    assert len(set(first.values())) == len(first), f"{note}: two tokens have one task"


def verify_on_disk(load: Load, note: str) -> None:
    """The database agrees with itself; it has one open task for each token, and each task's events, without a gap."""
    assert load.server.stop() == 0, note
    told = callboard("check", "--data-dir", load.server.data_dir)
    found = re.search(r"(\d+) open contacts", told)
    assert found and int(found[1]) == len(load.sent), f"{note}: {len(load.sent)} tokens were sent\n{told}"
    events = f"instance {load.instance_id}: events 1 to {EVENTS_OF_A_TASK * len(load.sent)}\n"
    assert events in told, f"{note}: expected {events}{told}"


def test_kill_9_under_load(tmp_path):
    draw = random.Random(SEED)
    server = Server(tmp_path)
    load = prepared(server)
    for number in range(ROUNDS):
        note = f"round {number} of seed {SEED}"
        before, enough = len(load.acknowledged), draw.randrange(1, 150)
        known = set(load.sent)
        load.run(f"k{number}", until=lambda load: len(load.acknowledged) >= before + enough, then=server.kill)  # noqa: B023
        server.kill()
        server.start()
        verify(load, sorted(load.sent - known), note)
    verify_on_disk(load, f"seed {SEED}")
    server.start()
    verify(load, sorted(load.sent), f"at the end of seed {SEED}")
    server.stop()


def compiled(directory: pathlib.Path, name: str) -> pathlib.Path:
    """A library of the harness for LD_PRELOAD."""
    source = pathlib.Path(__file__).parent / "harness" / f"{name}.c"
    library = directory / f"{name}.so"
    command = ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library), str(source), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture(scope="module")
def power_loss(tmp_path_factory):
    """The library that loses power."""
    return compiled(tmp_path_factory.mktemp("power"), "power_loss")


@contextlib.contextmanager
def power_lost_at(server: Server, library: pathlib.Path, operation: int, seed: int):
    """A server started within loses power at a write or sync; afterwards its directory is as the disk has it then.

    Of what was not synced then, the disk has a part by chance; nothing with seed 0.
    """
    disk = server.directory / "disk"
    shutil.rmtree(disk, ignore_errors=True)
    server.data_dir.mkdir(exist_ok=True)
    shutil.copytree(server.data_dir, disk, ignore=shutil.ignore_patterns("*-shm", "*.sock"))
    variables = dict(server.variables)
    server.variables |= {
        "LD_PRELOAD": str(library),
        "POWER_DIRECTORY": str(server.data_dir),
        "POWER_DISK": str(disk),
        "POWER_LOSS_AT": str(operation),
        "POWER_SEED": str(seed),
    }
    yield
    server.kill()
    server.variables = variables
    shutil.rmtree(server.data_dir)
    disk.rename(server.data_dir)


def lose_power(server: Server, library: pathlib.Path, load: Load, prefix: str, operation: int, seed: int) -> None:
    """Runs the server under load up to a write or sync, and leaves its directory as the disk has it then."""
    with power_lost_at(server, library, operation, seed):
        server.start()
        load.run(prefix, until=lambda _: False)
        assert server.wait_until_gone() == -signal.SIGKILL, "the server went away for another reason than the power"


def test_power_loss_under_load(tmp_path, power_loss):
    draw = random.Random(SEED)
    server = Server(tmp_path)
    load = prepared(server)
    assert server.stop() == 0
    for number in range(ROUNDS):
        # Some operations are the start of the server itself; a loss within it leaves nothing to load.
        note = f"round {number} of seed {SEED}"
        known = set(load.sent)
        lose_power(server, power_loss, load, f"p{number}", 60 + draw.randrange(600), draw.randrange(1, 1 << 32))
        server.start()
        verify(load, sorted(load.sent - known), note)
        assert server.stop() == 0, note
    assert len(load.acknowledged) > ROUNDS, "the rounds were too short to show anything"
    server.start()
    verify_on_disk(load, f"seed {SEED}")
    server.start()
    verify(load, sorted(load.sent), f"at the end of seed {SEED}")
    server.stop()


def test_power_loss_is_noticed_when_commits_do_not_wait_for_the_disk(tmp_path, power_loss):
    """The test above would fail if an answer left before its commit was durable."""
    server = Server(tmp_path)
    load = prepared(server)
    assert server.stop() == 0
    server.config_path.write_text(server.config_path.read_text() + '\n[database]\nsynchronous = "off"\n')
    lose_power(server, power_loss, load, "off", 400, seed=0)
    assert load.acknowledged
    server.config_path.write_text(server.config_path.read_text().replace('"off"', '"full"'))
    server.start()
    with pytest.raises(AssertionError, match="was acknowledged as .* and is gone"):
        verify(load, sorted(load.sent), "synchronous off")
    server.stop()


# The start of a server on an empty directory takes more operations than these.
START_OPERATIONS = 40


def test_power_loss_at_the_first_start(tmp_path, power_loss):
    for operation in range(1, START_OPERATIONS + 1):
        server = Server(tmp_path / str(operation))
        with power_lost_at(server, power_loss, operation, SEED + operation), pytest.raises(ServerError):
            server.start()
        note = f"operation {operation} of seed {SEED}"
        load = prepared(server)
        load.run("s", until=lambda load: bool(load.acknowledged))
        verify(load, sorted(load.sent), note)
        verify_on_disk(load, note)


def test_power_loss_while_recovering_from_one(tmp_path, power_loss):
    draw = random.Random(SEED)
    server = Server(tmp_path)
    load = prepared(server)
    assert server.stop() == 0
    lose_power(server, power_loss, load, "r", 300, SEED)
    for number in range(ROUNDS):
        operation = 1 + draw.randrange(START_OPERATIONS)
        # Within the start or, when that took less, under load.
        with power_lost_at(server, power_loss, operation, draw.randrange(1, 1 << 32)), contextlib.suppress(ServerError):
            server.start()
            load.run(f"r{number}", until=lambda _: False)
    server.start()
    verify(load, sorted(load.sent), f"seed {SEED}")
    verify_on_disk(load, f"seed {SEED}")


@contextlib.contextmanager
def small_file_system(directory: pathlib.Path, mebibytes: int):
    """A file system of a few MiB; what it yields makes it larger."""
    directory.mkdir()
    option = f"size={mebibytes}m"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(directory)], check=False).returncode:
        pytest.skip("only root can mount a small file system; the test with a largest database runs everywhere")
    try:
        yield lambda size: subprocess.run(["mount", "-o", f"remount,size={size}m", str(directory)], check=True)
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def fill(load: Load, prefix: str) -> None:
    """Starts tasks until the server refuses one."""
    load.run(prefix, until=lambda load: bool(load.refused))
    assert load.refused, "the server went away"
    for answer in load.refused:
        assert answer.status == 500 and b"InternalServiceException" in answer.body, answer


def verify_reads(load: Load) -> None:
    token, contact_id = next(iter(load.acknowledged.items()))
    answer = raw.send(load.server, "GET", f"/contacts/{load.instance_id}/{contact_id}")
    assert answer.status == 200 and answer.json()["Contact"]["Attributes"]["token"] == token


def wait_for_writes(load: Load) -> None:
    """Starts a task until the server takes it again, which it finds out by itself."""
    for number in range(10_000):
        load.refused.clear()
        load.run(f"again{number}", until=lambda _: True)
        if not load.refused:
            return
    raise AssertionError("the server takes no writes though there is space again")


def test_a_full_disk_and_space_again(tmp_path):
    with small_file_system(tmp_path / "small", 12) as resize:
        server = Server(tmp_path / "small")
        load = prepared(server)
        try:
            fill(load, "f")
            verify_reads(load)
            unready = raw.unsigned(server, "GET", "/health/ready", {})
            assert unready.status == 503 and b"full" in unready.body, unready
            acknowledged = dict(load.acknowledged)
            resize(64)
            wait_for_writes(load)
            load.acknowledged |= acknowledged
            verify(load, sorted(load.sent), "after the disk was full")
            assert raw.unsigned(server, "GET", "/health/ready", {}).status == 200
            verify_on_disk(load, "after the disk was full")
        finally:
            server.kill()


def test_the_largest_database(tmp_path):
    server = Server(tmp_path)
    load = prepared(server)
    assert server.stop() == 0
    config = server.config_path.read_text()
    pages = (server.data_dir / "callboard.db").stat().st_size // 4096
    server.config_path.write_text(f"{config}\n[database]\nmax_page_count = {pages + 40}\n")
    server.start()
    fill(load, "m")
    verify_reads(load)
    assert server.stop() == 0
    server.config_path.write_text(config)
    server.start()
    verify(load, sorted(load.sent), "after the largest database")
    verify_on_disk(load, "after the largest database")


@pytest.mark.parametrize("what", ["FAILING_WRITE", "FAILING_SYNC"])
def test_a_failing_disk_that_works_again(tmp_path, what):
    flag = tmp_path / "failing"
    library = compiled(tmp_path, "failing_disk")
    server = Server(tmp_path / "server", variables={"LD_PRELOAD": str(library), what: str(flag)})
    load = prepared(server)
    load.run("b", until=lambda load: len(load.acknowledged) >= 100)
    try:
        flag.touch()
        fill(load, "f")
        verify_reads(load)
        assert raw.unsigned(server, "GET", "/health/ready", {}).status == 503
        acknowledged = dict(load.acknowledged)
        flag.unlink()
        wait_for_writes(load)
        load.acknowledged |= acknowledged
        verify(load, sorted(load.sent), what)
        verify_on_disk(load, what)
    finally:
        server.kill()
