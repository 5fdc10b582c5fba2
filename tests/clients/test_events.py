"""The events of an instance: of contacts, of agents, and the records of contacts that are complete."""

import concurrent.futures
import json
import re
import threading

import pytest

from harness import raw
from harness.agents import Program
from harness.connect import Instance, unique
from harness.server import ACCOUNT, REGION, Server

ENVELOPE = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}


def read(instance, after: int = 0, **query) -> dict:
    asked = "&".join(f"{name}={value}" for name, value in {"instance": instance.id, "after": after, **query}.items())
    return instance.server.control("GET", f"/events?{asked}")


def all_events(instance) -> list[dict]:
    """All events, read in small pages; their numbers have no gap."""
    found, after = [], 0
    while True:
        page = read(instance, after, max=7)
        if not page["Events"]:
            break
        found += page["Events"]
        after = page["Next"]
    assert [event["Sequence"] for event in found] == list(range(1, len(found) + 1))
    return found


def of_contact(events: list[dict], contact: str) -> list[dict]:
    return [e for e in events if e["Type"] == "CONTACT" and e["Event"]["detail"]["contactId"] == contact]


@pytest.fixture
def robot(fresh):
    user = fresh.user(Username="robot", IdentityInfo={"FirstName": "Rob", "LastName": "Ott"})
    program = Program(fresh, user)
    program.status("Available")
    return program


def test_the_life_of_a_task(fresh, robot):
    task = fresh.task(ContactFlowId=fresh.flow(), Name="parcel", Description="lost", Attributes={"order": "7"})
    fresh.when(task, lambda _: robot.contacts() == {task: "CONNECTING"}, "offered")
    robot.act(task, "accept")
    robot.act(task, "pause")
    robot.act(task, "resume")
    robot.act(task, "end")
    robot.act(task, "close")
    events = of_contact(all_events(fresh), task)
    assert [event["Event"]["detail"]["eventType"] for event in events] == [
        "INITIATED",
        "CONNECTED_TO_SYSTEM",
        "QUEUED",
        "CONNECTED_TO_AGENT",
        "PAUSED",
        "RESUMED",
        "DISCONNECTED",
        "COMPLETED",
    ]
    for event in events:
        envelope = event["Event"]
        assert envelope.keys() == ENVELOPE
        assert (envelope["detail-type"], envelope["source"]) == ("Amazon Connect Contact Event", "aws.connect")
        assert (envelope["account"], envelope["region"]) == (ACCOUNT, REGION)
        assert envelope["resources"][1:] == [fresh.arn_of("contact", task), fresh.arn]
        detail = envelope["detail"]
        assert (detail["channel"], detail["initiationMethod"], detail["instanceArn"]) == ("TASK", "API", fresh.arn)
        assert detail["contactDetails"] == {"name": "parcel", "description": "lost"}
        assert detail["segmentAttributes"]["connect:Subtype"] == {"valueString": "connect:Task"}
        assert detail["tags"]["aws:connect:instanceId"] == fresh.id
    first, last = events[0]["Event"]["detail"], events[-1]["Event"]["detail"]
    assert {"queueInfo", "agentInfo", "disconnectTimestamp", "disconnectReason"}.isdisjoint(first)
    assert last["queueInfo"]["queueArn"] == fresh.arn_of("queue", fresh.queue_id())
    assert last["queueInfo"]["queueType"] == "STANDARD"
    assert last["agentInfo"]["agentArn"] == fresh.user_arn(robot.user)
    assert {"afterContactWorkStartTimestamp", "afterContactWorkEndTimestamp"} <= last["agentInfo"].keys()
    assert last["disconnectReason"] == "AGENT_DISCONNECT"

    assert [index for index, event in enumerate(events) if "ContactRecord" in event] == [7]
    record = events[-1]["ContactRecord"]
    assert (record["ContactId"], record["Attributes"]) == (task, {"order": "7"})
    assert (record["Agent"]["Username"], record["AgentConnectionAttempts"]) == ("robot", 1)
    assert (record["Queue"]["Name"], record["TotalPauseCount"]) == ("BasicQueue", 1)
    fresh.update_contact_attributes(InitialContactId=task, Attributes={"order": "8"})
    changed = of_contact(all_events(fresh), task)[-1]
    assert changed["Event"]["detail"]["updatedProperties"] == ["UserDefinedAttributes"]
    assert changed["ContactRecord"]["Attributes"] == {"order": "8"}


def test_what_agents_do(fresh, robot):
    task = fresh.task(ContactFlowId=fresh.flow())
    fresh.when(task, lambda _: robot.contacts() == {task: "CONNECTING"}, "offered")
    robot.act(task, "accept")
    lunch = unique("lunch")
    fresh.create_agent_status(Name=lunch, State="ENABLED")
    robot.status(lunch)
    robot.act(task, "complete")
    robot.act(task, "close")
    events = [event["Event"] for event in all_events(fresh) if event["Type"] == "AGENT"]
    assert {event["AgentARN"] for event in events} == {fresh.user_arn(robot.user)}
    assert {event["EventType"] for event in events} == {"STATE_CHANGE"}

    def shown(snapshot) -> tuple:
        following = snapshot["NextAgentStatus"]
        states = [contact["State"] for contact in snapshot["Contacts"]]
        return snapshot["AgentStatus"]["Name"], following and following["Name"], states

    assert [shown(event["CurrentAgentSnapshot"]) for event in events] == [
        ("Available", None, []),
        ("Available", None, ["CONNECTING"]),
        ("Available", None, ["CONNECTED"]),
        ("Available", lunch, ["CONNECTED"]),
        ("Available", lunch, ["ENDED"]),
        (lunch, None, []),
    ]
    for before, after in zip(events, events[1:]):
        assert after["PreviousAgentSnapshot"] == before["CurrentAgentSnapshot"]
    configuration = events[1]["CurrentAgentSnapshot"]["Configuration"]
    assert (configuration["FirstName"], configuration["Username"]) == ("Rob", "robot")
    profile = configuration["RoutingProfile"]
    assert profile["InboundQueues"][0]["ARN"] == f"{fresh.arn}/queue/agent/{robot.user}"
    slots = {media["Channel"]: media["MaximumSlots"] - media["AvailableSlots"] for media in profile["Concurrency"]}
    assert slots["TASK"] == 1


def test_a_change_of_configuration_shows_before_and_after(fresh, robot):
    profile = fresh.routing_profile_id()
    fresh.create_predefined_attribute(Name="colour", Values={"StringList": ["red"]})
    slots = [{"Channel": "TASK", "Concurrency": 7}]
    fresh.update_routing_profile_concurrency(RoutingProfileId=profile, MediaConcurrencies=slots)
    skill = {"AttributeName": "colour", "AttributeValue": "red", "Level": 3.0}
    fresh.associate_user_proficiencies(UserId=robot.user, UserProficiencies=[skill])
    fresh.update_routing_profile_concurrency(
        RoutingProfileId=profile, MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 2}]
    )
    events = [event["Event"] for event in all_events(fresh) if event["Type"] == "AGENT"]

    def shown(snapshot) -> tuple:
        configuration = snapshot["Configuration"]
        slots = {media["Channel"]: media["MaximumSlots"] for media in configuration["RoutingProfile"]["Concurrency"]}
        return slots["TASK"], [skill["ProficiencyLevel"] for skill in configuration["Proficiencies"]]

    changes = [(shown(event["PreviousAgentSnapshot"]), shown(event["CurrentAgentSnapshot"])) for event in events[1:]]
    assert changes == [((10, []), (7, [])), ((7, []), (7, [3.0])), ((7, [3.0]), (2, [3.0]))]


def test_what_agent_events_do_not_show_is_no_event(fresh, robot):
    before = len(all_events(fresh))
    fresh.associate_routing_profile_queues(
        RoutingProfileId=fresh.routing_profile_id(),
        QueueConfigs=[
            {"QueueReference": {"QueueId": fresh.queue_id(), "Channel": "TASK"}, "Priority": 9, "Delay": 5}
        ],
    )
    assert len(all_events(fresh)) == before


def skilled(seconds: int) -> dict:
    condition = {"ComparisonOperator": "NumberGreaterOrEqualTo", "Name": "colour", "Value": "red"}
    expression = {"AttributeCondition": {**condition, "ProficiencyLevel": 4.0}}
    return {"Expression": expression, "Expiry": {"DurationInSeconds": seconds}}


def test_routing_criteria_are_those_of_the_time(clocked):
    instance = Instance.create(clocked)
    instance.create_predefined_attribute(Name="colour", Values={"StringList": ["red"]})
    task = instance.task(ContactFlowId=instance.flow())
    instance.when_queued(task)
    clocked.advance(1)
    instance.update_contact_routing_data(ContactId=task, RoutingCriteria={"Steps": [skilled(10), skilled(20)]})
    clocked.advance(15)
    instance.update_contact_routing_data(ContactId=task, RoutingCriteria={"Steps": [skilled(30)]})
    clocked.advance(1)
    instance.stop_contact(ContactId=task)
    events = of_contact(all_events(instance), task)

    def shown(event) -> tuple:
        detail = event["Event"]["detail"]
        criteria = [[step["status"] for step in criteria["steps"]] for criteria in detail.get("routingCriteria", [])]
        return detail["eventType"], detail.get("updatedProperties"), criteria

    assert [shown(event) for event in events] == [
        ("INITIATED", None, []),
        ("CONNECTED_TO_SYSTEM", None, []),
        ("QUEUED", None, []),
        ("CONTACT_DATA_UPDATED", ["RoutingCriteria"], [["ACTIVE", "INACTIVE"]]),
        ("CONTACT_DATA_UPDATED", ["RoutingCriteria.Step.Status"], [["EXPIRED", "ACTIVE"]]),
        ("CONTACT_DATA_UPDATED", ["RoutingCriteria"], [["ACTIVE"], ["EXPIRED", "INTERRUPTED"]]),
        ("DISCONNECTED", None, [["DEACTIVATED"], ["EXPIRED", "INTERRUPTED"]]),
        ("COMPLETED", None, [["DEACTIVATED"], ["EXPIRED", "INTERRUPTED"]]),
    ]
    record = events[-1]["ContactRecord"]["RoutingCriteria"]
    assert [[step["Status"] for step in criteria["Steps"]] for criteria in record][-1] == ["DEACTIVATED"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record[0]["ActivationTimestamp"])
    other = skilled(5)
    other["Expression"]["AttributeCondition"]["Name"] = "taste"
    task = instance.task(ContactFlowId=instance.flow())
    instance.refused(
        "InvalidParameterException",
        "there is no predefined attribute",
        "update_contact_routing_data",
        ContactId=task,
        RoutingCriteria={"Steps": [other]},
    )


def test_a_transfer_is_an_end_and_a_beginning(fresh):
    task = fresh.task(ContactFlowId=fresh.flow())
    fresh.when_queued(task)
    made = fresh.transfer_contact(ContactId=task, ContactFlowId=fresh.flow(), QueueId=fresh.queue_id())["ContactId"]
    fresh.when_queued(made)
    events = all_events(fresh)
    begun = of_contact(events, made)[0]["Event"]["detail"]
    assert (begun["eventType"], begun["initiationMethod"], begun["previousContactId"]) == ("INITIATED", "TRANSFER", task)
    ended = [event["Event"]["detail"]["eventType"] for event in of_contact(events, task)]
    assert ended[-2:] == ["DISCONNECTED", "COMPLETED"]


def test_a_reader_waits_for_what_comes(fresh):
    flow = fresh.flow()
    last = read(fresh)["Next"]
    arrived = []
    reader = threading.Thread(target=lambda: arrived.append(read(fresh, last, wait=30)))
    reader.start()
    task = fresh.task(ContactFlowId=flow)
    reader.join(60)
    assert arrived[0]["Events"][0]["Event"]["detail"]["contactId"] == task


def test_reading_again_gives_the_same(fresh):
    task = fresh.task(ContactFlowId=fresh.flow())
    fresh.stop_contact(ContactId=task)
    assert all_events(fresh) == all_events(fresh)
    newest = all_events(fresh)[-1]["Sequence"]
    answer = raw.send(fresh.server, "GET", f"/_callboard/v1/events?instance={fresh.id}&after={newest + 1}")
    # Who has read more than there is has read another journal, such as the one before a restore.
    assert answer.status == 400
    assert json.loads(answer.body)["NewestSequence"] == newest


def test_who_waits_for_events_hears_of_the_end_of_the_instance(fresh):
    path = f"/_callboard/v1/events?instance={fresh.id}&after=0&wait=30"
    assert all_events(fresh) == []
    with concurrent.futures.ThreadPoolExecutor(1) as elsewhere:
        waiting = elsewhere.submit(raw.send, fresh.server, "GET", path)
        fresh.delete_instance()
        answer = waiting.result()
    assert answer.status == 404, answer
    assert fresh.id in answer.message


def test_events_that_are_not_kept_any_more(tmp_path):
    server = Server(tmp_path, test_clock=True, config="[retention]\nevents_days = 1\ntokens_days = 1\n").start()
    instance = Instance.create(server)
    instance.stop_contact(ContactId=instance.task(ContactFlowId=instance.flow()))
    kept = len(all_events(instance))
    server.advance(3 * 86_400)
    instance.stop_contact(ContactId=instance.task(ContactFlowId=instance.flow()))
    server.advance(3_600)
    answer = raw.send(server, "GET", f"/_callboard/v1/events?instance={instance.id}&after=0")
    assert answer.status == 410, answer.body
    assert "not kept" in json.loads(answer.body)["message"]
    assert 1 < json.loads(answer.body)["OldestSequence"] <= kept + 1
    page = read(instance, kept)
    assert page["Events"][0]["Sequence"] == kept + 1
    assert server.stop() == 0


def test_agents_who_are_quiet_have_heartbeats(tmp_path):
    server = Server(tmp_path, test_clock=True, config="").start()
    instance = Instance.create(server)
    robot = Program(instance, instance.user(Username="robot"))
    robot.status("Available")
    server.advance(250)
    robot.status("Offline")
    server.advance(2 * 3_600)
    kinds = [event["Event"]["EventType"] for event in all_events(instance)]
    assert kinds == ["STATE_CHANGE", "HEART_BEAT", "HEART_BEAT", "STATE_CHANGE"] + ["HEART_BEAT"] * 30
    assert server.stop() == 0


def test_only_the_root_key_reads_events_of_an_instance_that_exists(fresh):
    answer = raw.send(fresh.server, "GET", "/_callboard/v1/events?instance=nowhere")
    assert (answer.status, answer.error_type) == (404, "ResourceNotFoundException")
