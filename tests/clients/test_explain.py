"""Why a task is not with anybody."""

import pytest

from harness import raw
from harness.agents import Program
from harness.connect import absent_id


def explain(instance, contact: str, **query) -> dict:
    asked = "&".join(f"{name}={value}" for name, value in {"instance": instance.id, **query}.items())
    return instance.server.control("GET", f"/contacts/{contact}/explain?{asked}")


@pytest.fixture
def waiting(fresh) -> str:
    task = fresh.task(ContactFlowId=fresh.flow())
    fresh.when_queued(task)
    return task


def test_nobody_is_there(fresh, waiting):
    shown = explain(fresh, waiting)
    assert shown["Summary"].startswith("it waits in queue BasicQueue since")
    assert (shown["Queue"]["Name"], shown["Queue"]["Position"]) == ("BasicQueue", 1)
    assert (shown["Reasons"], shown["Agents"]) == ([], [])


def test_agents_are_counted_by_what_keeps_them(fresh, waiting):
    users = [fresh.user(Username=f"user{n}") for n in range(3)]
    robot = Program(fresh, users[1])
    fresh.create_agent_status(Name="Lunch", State="ENABLED")
    robot.status("Lunch")
    shown = explain(fresh, waiting)
    assert [(reason["Code"], reason["Agents"]) for reason in shown["Reasons"]] == [("OFFLINE", 2), ("CUSTOM_STATUS", 1)]
    told = {agent["Username"]: agent["Text"] for agent in shown["Agents"]}
    assert told == {"user0": "is Offline", "user1": "is in status Lunch", "user2": "is Offline"}
    first = explain(fresh, waiting, max=2)
    rest = explain(fresh, waiting, after=first["LastAgent"])
    assert first["Agents"] + rest["Agents"] == shown["Agents"]
    assert first["Reasons"] == rest["Reasons"] == shown["Reasons"]

    robot.status("Available")
    fresh.when(waiting, lambda _: robot.contacts() == {waiting: "CONNECTING"}, "offered")
    assert explain(fresh, waiting)["Summary"].startswith("it is being offered to user1 since")
    robot.act(waiting, "accept")
    assert explain(fresh, waiting)["Summary"].startswith("it is with user1 since")


def test_what_cannot_be_explained(fresh, waiting):
    for contact, query, status, part in (
        (absent_id(), f"instance={fresh.id}", 404, "no contact"),
        ("x", f"instance={fresh.id}", 404, "no id of a contact"),
        (waiting, "instance=nowhere", 404, "nowhere"),
        (waiting, "", 400, "?instance="),
        (waiting, f"instance={fresh.id}&max=many", 400, "whole number"),
        (waiting, f"instance={fresh.id}&after=ann", 404, "no id of a user"),
    ):
        answer = raw.send(fresh.server, "GET", f"/_callboard/v1/contacts/{contact}/explain?{query}")
        assert (answer.status, part in answer.body.decode()) == (status, True), answer.body
