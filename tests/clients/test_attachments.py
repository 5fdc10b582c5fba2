"""Attachments of StartTaskContact: fetched after the call, judged by size and content, stored, shown with a status."""

import pytest

from harness import flows
from harness.connect import Instance
from harness.server import CONFIG, Server

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
START = "start_task_contact"


@pytest.fixture(scope="module")
def storing(server):
    """An instance that can store attachments."""
    instance = Instance.create(server)
    instance.store_attachments()
    return instance


@pytest.fixture(scope="module")
def flow(storing):
    return storing.flow(flows.waiting())


def attached(storing, flow, name: str, url: str) -> dict:
    task = storing.task(ContactFlowId=flow, Attachments=[{"FileName": name, "S3Url": url}])
    return storing.eventually_attachment(task, name)


def test_an_approved_attachment(storing, flow, files):
    shown = attached(storing, flow, "notes.txt", files.put("ok/notes.txt", b"some notes"))
    assert shown["Status"] == "APPROVED"
    assert shown["Arn"].startswith(storing.arn + "/file/")
    assert shown["Value"]
    # The content lies in the data directory.
    stored = [path for path in storing.server.directory.rglob("*") if path.is_file() and path.stat().st_size == 10]
    assert any(path.read_bytes() == b"some notes" for path in stored)


def test_several_at_once(storing, flow, files):
    contents = {f"file{n}.txt": files.put(f"many/file{n}.txt", b"text") for n in range(5)}
    given = [{"FileName": name, "S3Url": url} for name, url in contents.items()]
    task = storing.task(ContactFlowId=flow, Attachments=given)
    for name in contents:
        assert storing.eventually_attachment(task, name)["Status"] == "APPROVED"
    assert set(storing.references(task, "ATTACHMENT")) == set(contents)


def test_content_that_is_not_what_its_name_says(storing, flow, files):
    shown = attached(storing, flow, "picture.png", files.put("bad/picture.png", b"MZ this is a program"))
    assert shown["Status"] == "REJECTED"
    assert attached(storing, flow, "picture.png", files.put("ok/picture.png", PNG))["Status"] == "APPROVED"


def test_a_file_that_is_not_there(storing, flow, files):
    assert attached(storing, flow, "gone.txt", files.url("nowhere/gone.txt"))["Status"] == "FAILED"


def test_a_host_that_does_not_answer(storing, flow):
    assert attached(storing, flow, "silent.txt", "http://127.0.0.1:1/silent.txt")["Status"] == "FAILED"


def test_hosts_that_are_not_allowed(storing, flow, files):
    url = files.put("ok/host.txt", b"text").replace("127.0.0.1", "localhost")
    refused = {"ContactFlowId": flow, "Attachments": [{"FileName": "host.txt", "S3Url": url}]}
    storing.refused("InvalidRequestException", "localhost", START, Name="host", **refused)


def test_a_file_above_the_limit(tmp_path, files):
    config = CONFIG.replace("[attachments]\n", "[attachments]\nmax_bytes = 1000\n")
    server = Server(tmp_path, config=config).start()
    try:
        instance = Instance.create(server)
        instance.store_attachments()
        flow = instance.flow(flows.waiting())
        assert attached(instance, flow, "small.txt", files.put("s/small.txt", b"x" * 1000))["Status"] == "APPROVED"
        assert attached(instance, flow, "large.txt", files.put("s/large.txt", b"x" * 1001))["Status"] == "REJECTED"
    finally:
        server.stop()


def test_a_task_does_not_wait_for_its_attachments(storing, files):
    """The flow runs and the task is queued, whatever becomes of the file."""
    task = storing.task(
        ContactFlowId=storing.flow(),
        Attachments=[{"FileName": "gone.txt", "S3Url": files.url("nowhere/else.txt")}],
    )
    storing.when_queued(task)
    assert storing.eventually_attachment(task, "gone.txt")["Status"] == "FAILED"
