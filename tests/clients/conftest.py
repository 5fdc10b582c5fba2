"""The servers and instances that the tests share.

Two servers run for the whole session: one on the wall clock, one on virtual time. What a test changes stays in an
instance; a module has one of its own, and a test that counts or lists everything makes another.
"""

from __future__ import annotations

import pathlib

import pytest

from harness.connect import CHECKER, Instance
from harness.files import FileServer
from harness.server import REPOSITORY, Server

LAST_MODULE = "test_every_operation.py"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server on the wall clock."""
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def clocked(tmp_path_factory):
    """A server whose time moves only by `advance`."""
    running = Server(tmp_path_factory.mktemp("clocked"), test_clock=True).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def instance(server):
    """The module's instance on the wall clock."""
    return Instance.create(server)


@pytest.fixture(scope="module")
def timed(clocked):
    """The module's instance on virtual time."""
    return Instance.create(clocked)


@pytest.fixture
def fresh(server):
    """An instance that nothing else touches."""
    return Instance.create(server)


@pytest.fixture(scope="session")
def files():
    running = FileServer()
    yield running
    running.close()


def pytest_collection_modifyitems(session, config, items):
    """The test of coverage comes last, and only when all modules run."""
    items.sort(key=lambda item: item.path.name == LAST_MODULE)
    folder = pathlib.Path(__file__).parent
    collected = {item.path.name for item in items}
    whole = collected == {path.name for path in folder.glob("test_*.py")} and not config.option.keyword
    if not whole:
        items[:] = [item for item in items if item.path.name != LAST_MODULE]


@pytest.fixture(scope="session")
def operations() -> set[str]:
    """The operations that the project says it has."""
    lines = (REPOSITORY / "model" / "operations.txt").read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


@pytest.fixture(scope="session")
def succeeded() -> set[str]:
    """The operations that were answered with success so far."""
    return CHECKER.succeeded
