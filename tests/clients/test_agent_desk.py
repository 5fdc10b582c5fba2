"""The agent interface: people and programs get tasks, work on them and close them."""

import re

import pytest

from harness import flows
from harness.agents import Person, Program, Refused
from harness.connect import Instance, eventually, unique
from harness.server import Server, callboard

PASSWORD = "A-password-2026"
OFFER_SECONDS = 30
PRESENCE_GRACE_SECONDS = 60


class Team:
    """An instance with one queue, and agents who serve it."""

    def __init__(self, server):
        self.instance = Instance.create(server)
        self.people: list[Person] = []
        self.elsewhere = self.instance.queue()
        self.quick_connect, self.hidden = (self._quick_connect(name) for name in ("to the others", "hidden"))
        self.queue = self.instance.queue(QuickConnectIds=[self.quick_connect])
        self.flow = self.instance.flow(flows.into_queue(self.queue))
        self.profile = self.instance.create_routing_profile(
            Name=unique("profile"),
            Description="two at a time",
            DefaultOutboundQueueId=self.queue,
            MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 2}],
            QueueConfigs=[
                {"QueueReference": {"QueueId": self.queue, "Channel": "TASK"}, "Priority": 1, "Delay": 0}
            ],
        )["RoutingProfileId"]

    def _quick_connect(self, name: str) -> str:
        flow = self.instance.flow(flows.into_target_queue(), Type="QUEUE_TRANSFER")
        config = {
            "QuickConnectType": "QUEUE",
            "QueueConfig": {"QueueId": self.elsewhere, "ContactFlowId": flow},
        }
        return self.instance.create_quick_connect(Name=name, QuickConnectConfig=config)["QuickConnectId"]

    def user(self, name: str, **parameters) -> str:
        return self.instance.user(Username=name, Password=PASSWORD, RoutingProfileId=self.profile, **parameters)

    def person(self, name: str, **parameters) -> Person:
        self.user(name, **parameters)
        person = Person(self.instance.server, self.instance.id, name, PASSWORD)
        self.people.append(person)
        person.watch()
        person.status("Available")
        return person

    def program(self, name: str) -> Program:
        program = Program(self.instance, self.user(name))
        program.status("Available")
        return program

    def task(self, **parameters) -> str:
        return self.instance.task(ContactFlowId=self.flow, **parameters)

    def contact(self, contact: str) -> dict:
        return self.instance.contact(contact)

    def go_home(self) -> None:
        for person in self.people:
            person.leave()


@pytest.fixture
def team(server):
    team = Team(server)
    yield team
    team.go_home()


@pytest.fixture
def timed_team(clocked):
    team = Team(clocked)
    yield team
    team.go_home()


def refused(status: int, kind: str, part: str, act, *arguments, **named) -> None:
    with pytest.raises(Refused) as caught:
        act(*arguments, **named)
    assert (caught.value.status, caught.value.type) == (status, kind), caught.value
    assert part in caught.value.message, caught.value


def test_a_task_from_offer_to_close(team):
    ann = team.person("ann")
    task = team.task(
        Name="Call Mr Smith",
        Description="about the parcel",
        Attributes={"order": "17"},
        References={"Order": {"Type": "URL", "Value": "https://orders.example.com/17"}},
    )
    offered = ann.when_contact(task, "CONNECTING")
    assert (offered["Name"], offered["Actions"], offered["Queue"]["QueueId"]) == (
        "Call Mr Smith",
        ["accept", "reject"],
        team.queue,
    )
    assert "OfferEndTimestamp" in offered
    details = ann.send("GET", f"contacts/{task}")
    assert (details["Description"], details["Attributes"]) == ("about the parcel", {"order": "17"})
    assert details["References"] == [
        {"Name": "Order", "Type": "URL", "Value": "https://orders.example.com/17", "Status": None, "StatusReason": None}
    ]
    assert details["DetailsVersion"] == offered["DetailsVersion"]

    ann.act(task, "accept")
    connected = ann.when_contact(task, "CONNECTED")
    assert team.contact(task)["AgentInfo"]["Id"] == ann.user
    team.instance.update_contact_attributes(InitialContactId=task, Attributes={"order": "18"})
    ann.when(
        lambda snapshot: snapshot["Contacts"][0]["DetailsVersion"] != connected["DetailsVersion"], "a new version"
    )
    assert ann.send("GET", f"contacts/{task}")["Attributes"] == {"order": "18"}

    ann.act(task, "end")
    assert ann.when_contact(task, "ENDED")["Actions"] == ["close"]
    shown = team.contact(task)
    assert shown["DisconnectReason"] == "AGENT_DISCONNECT"
    ann.act(task, "close")
    ann.when_contact(task, None)
    assert "AfterContactWorkEndTimestamp" in team.contact(task)["AgentInfo"]
    assert ann.seen[-1] == ann.snapshot()


def test_two_agents_and_a_transfer(team):
    ann = team.person("ann")
    first = team.task(Name="first")
    ann.when_contact(first, "CONNECTING")
    ann.act(first, "accept")
    ann.when_contact(first, "CONNECTED")
    ann.act(first, "pause")
    assert ann.when_contact(first, "PAUSED")["Actions"] == ["end", "complete", "resume", "transfer"]
    second = team.task(Name="second")
    ann.when_contact(second, "CONNECTING")
    ann.act(second, "accept")
    ann.act(first, "resume")
    ann.when_contact(first, "CONNECTED")
    assert ann.snapshot()["RoutingProfile"]["Slots"] == [
        {"Channel": "TASK", "Maximum": 2, "Active": 2, "Available": 0}
    ]

    assert [found["Name"] for found in ann.send("GET", "quick-connects")["QuickConnects"]] == ["to the others"]
    refused(404, "ResourceNotFoundException", team.hidden, ann.act, first, "transfer", QuickConnectId=team.hidden)
    moved = ann.act(first, "transfer", QuickConnectId=team.quick_connect)["ContactId"]
    assert ann.when_contact(first, "ENDED")
    waiting = team.instance.when_queued(moved)
    assert (waiting["PreviousContactId"], waiting["QueueInfo"]["Id"]) == (first, team.elsewhere)
    ann.act(second, "complete")
    assert team.contact(second)["DisconnectReason"] == "AGENT_COMPLETED"
    for task in (first, second):
        ann.act(task, "close")
    ann.when(lambda snapshot: snapshot["Contacts"] == [], "an empty desk")


def test_a_missed_offer_goes_to_the_next_agent(timed_team):
    team = timed_team
    ann = team.person("ann")
    task = team.task()
    ann.when_contact(task, "CONNECTING")
    bob = team.person("bob")
    team.instance.server.advance(OFFER_SECONDS)
    missed = ann.when_contact(task, "MISSED")
    assert (missed["Actions"], "Name" in missed) == (["close"], False)
    bob.when_contact(task, "CONNECTING")
    refused(400, "InvalidRequestException", "MISSED", ann.act, task, "accept")
    refused(400, "InvalidRequestException", "MISSED", ann.send, "GET", f"contacts/{task}")
    bob.act(task, "accept")
    bob.when_contact(task, "CONNECTED")
    ann.act(task, "close")
    ann.when_contact(task, None)


def test_a_rejected_task_is_not_offered_to_the_same_agent_before_it_is_closed_there(team):
    ann = team.person("ann")
    task = team.task()
    ann.when_contact(task, "CONNECTING")
    ann.act(task, "reject")
    ann.when_contact(task, "REJECTED")
    assert "AgentInfo" not in team.contact(task)
    ann.act(task, "close")
    ann.when_contact(task, "CONNECTING")


def test_a_task_expires_while_it_is_paused(timed_team):
    team = timed_team
    ann = team.person("ann")
    expires = {"connect:ContactExpiry": {"ValueMap": {"ExpiryDuration": {"ValueInteger": 180}}}}
    task = team.task(SegmentAttributes=expires)
    ann.when_contact(task, "CONNECTING")
    ann.act(task, "accept")
    ann.act(task, "pause")
    assert ann.when_contact(task, "PAUSED")["ExpiresSoon"] is False
    team.instance.server.advance(3600)
    ann.when(lambda snapshot: snapshot["Contacts"][0]["ExpiresSoon"], "the warning two hours before the end")
    team.instance.server.advance(7200)
    ann.when_contact(task, "ENDED")
    assert team.contact(task)["DisconnectReason"] == "EXPIRED"


def test_nobody_touches_the_contacts_of_others(team):
    ann, task = team.person("ann"), team.task()
    ann.when_contact(task, "CONNECTING")
    bob = team.person("bob")
    ann.act(task, "accept")
    before = team.instance.digest()
    for action in ("accept", "reject", "end", "complete", "close", "pause", "resume"):
        refused(404, "ResourceNotFoundException", "not with you", bob.act, task, action)
    refused(404, "ResourceNotFoundException", "not with you", bob.send, "GET", f"contacts/{task}")
    stranger = "00000000-0000-4000-8000-000000000000"
    refused(404, "ResourceNotFoundException", "not with you", bob.act, stranger, "accept")
    refused(404, "ResourceNotFoundException", "quick connect", ann.act, task, "transfer", QuickConnectId=stranger)
    refused(404, "ResourceNotFoundException", "agent status", bob.send, "PUT", "status", {"AgentStatusId": stranger})
    refused(400, "InvalidRequestException", task, ann.act, task, "accept")
    refused(409, "ConflictException", task, ann.act, task, "resume")
    refused(400, "InvalidRequestException", task, ann.act, task, "close")
    assert team.instance.digest() == before
    ann.act(task, "end")
    refused(400, "InvalidRequestException", "ended", ann.act, task, "end")


def test_people_and_programs_share_a_queue(team):
    robot = team.program("robot")
    first, second = team.task(), team.task()
    team.instance.when(first, lambda _: first in robot.contacts() and second in robot.contacts(), "offered")
    ann = team.person("ann")
    for task in (first, second):
        robot.act(task, "accept")
    third = team.task()
    ann.when_contact(third, "CONNECTING")
    snapshot = robot.snapshot()
    assert (snapshot["Presence"], ann.snapshot()["Presence"]) == ("PROGRAM", "STREAMING")
    assert {entry["State"] for entry in snapshot["Contacts"]} == {"CONNECTED"}
    elsewhere = Instance.create(team.instance.server)
    stranger = Program(elsewhere, robot.user)
    refused(404, "ResourceNotFoundException", "user", stranger.snapshot)


def test_a_program_needs_a_key_that_may_act_for_its_user(team):
    server, robot = team.instance.server, team.program("robot")
    other = team.user("other")

    def program(user: str, *acts_for: str) -> Program:
        flags = [part for whom in acts_for for part in ("--acts-for", whom)]
        shown = callboard("keys", "create", "--data-dir", server.data_dir, "--name", "program", *flags)
        keys = dict(re.findall(r"(aws_\w+) = (\S+)", shown))
        return Program(team.instance, user, keys["aws_access_key_id"], keys["aws_secret_access_key"])

    refused(403, "AccessDeniedException", "--acts-for", program(robot.user).snapshot)
    refused(403, "AccessDeniedException", other, program(other, robot.user).snapshot)
    assert program(robot.user, robot.user).snapshot() == robot.snapshot()
    assert program(other, "all").snapshot()["User"]["UserId"] == other
    assert f"acts for {robot.user}" in callboard("keys", "list", "--data-dir", server.data_dir)
    refused_name = callboard("keys", "create", "--data-dir", server.data_dir, "--name", "n", "--acts-for", "bob", code=1)
    assert "bob" in refused_name


def test_a_person_who_is_gone_gets_no_offers_and_is_signed_out_in_time(timed_team):
    team = timed_team
    ann = team.person("ann")
    ann.leave()
    eventually(lambda: ann.snapshot()["Presence"] == "GONE", "the stream's end")
    team.instance.server.advance(PRESENCE_GRACE_SECONDS)
    shown = ann.snapshot()
    assert (shown["Presence"], shown["GetsOffers"], shown["Status"]["Name"]) == ("ABSENT", False, "Available")
    task = team.task()
    team.instance.when_queued(task)
    assert ann.contacts() == {}
    ann.watch()
    ann.when_contact(task, "CONNECTING")
    ann.sign_out()
    refused(401, "NotAuthorizedException", "session", ann.snapshot)
    data = team.instance.get_current_user_data(Filters={"Agents": [ann.user]})["UserDataList"][0]
    assert data["Status"]["StatusName"] == "Offline"


def test_a_stream_says_why_it_ends(team):
    ann, bob = team.person("ann"), team.person("bob")
    ann.sign_out()
    assert ann.when_over() == ("signed-out", {})
    team.instance.delete_user(UserId=bob.user)
    name, body = bob.when_over()
    assert (name, body["Type"]) == ("error", "ResourceNotFoundException")


def test_an_instance_is_deleted_while_an_agent_is_signed_in(tmp_path):
    server = Server(tmp_path).start()
    doomed, other = Team(server), Team(server)
    ann, bob = doomed.person("ann"), other.person("bob")
    task = doomed.task()
    ann.when_contact(task, "CONNECTING")
    ann.act(task, "accept")
    ann.when_contact(task, "CONNECTED")
    unharmed = other.instance.digest()
    doomed.instance.delete_instance()
    name, body = ann.when_over()
    assert (name, body["Type"]) == ("error", "ResourceNotFoundException")
    assert doomed.instance.id in body["Message"]
    with pytest.raises(doomed.instance.client.exceptions.ResourceNotFoundException, match="Instance not found"):
        doomed.instance.describe_contact(ContactId=task)
    refused(404, "ResourceNotFoundException", doomed.instance.id, ann.snapshot)
    refused(404, "ResourceNotFoundException", doomed.instance.id, ann.act, task, "end")
    refused(401, "NotAuthorizedException", "wrong", Person, server, doomed.instance.id, "ann", PASSWORD)
    ann.sign_out()
    refused(401, "NotAuthorizedException", "session", ann.snapshot)
    assert other.instance.digest() == unharmed
    listed = other.instance.list_instances()["InstanceSummaryList"]
    assert [entry["Id"] for entry in listed] == [other.instance.id]
    next_task = other.task()
    bob.when_contact(next_task, "CONNECTING")
    for agents in (doomed, other):
        agents.go_home()
    # The loop lets go of it: nothing of it is in memory, and nothing on the disk.
    eventually(lambda: "\ncallboard_tasks_open 1\n" in server.metrics(), "the end of the deleted instance's tasks")
    assert server.stop() == 0
    found = callboard("check", "--data-dir", server.data_dir)
    assert found.startswith("1 instances, 1 open contacts, 0 ended contacts\n"), found
    assert doomed.instance.id not in found and other.instance.id in found


def test_new_tasks_and_templates(team):
    ann = team.person("ann")
    template = team.instance.create_task_template(
        Name="Callback",
        ContactFlowId=team.flow,
        Fields=[{"Id": {"Name": "Name"}, "Type": "NAME"}, {"Id": {"Name": "Reason"}, "Type": "TEXT"}],
        Status="ACTIVE",
    )["Id"]
    shown = ann.send("GET", "task-templates")["TaskTemplates"]
    assert [(found["Id"], len(found["Fields"])) for found in shown] == [(template, 2)]
    made = ann.send(
        "POST",
        "contacts",
        {
            "Name": "Call back",
            "TaskTemplateId": template,
            "References": {"Reason": {"Type": "STRING", "Value": "asked for it"}},
        },
    )["ContactId"]
    entry = ann.when_contact(made, "CONNECTING")
    assert entry["Name"] == "Call back"
    details = ann.send("GET", f"contacts/{made}")
    assert details["CreatedByUserId"] == ann.user
    assert [(field["Name"], field["Value"]) for field in details["TaskTemplate"]["Fields"]] == [
        ("Name", "Call back"),
        ("Reason", "asked for it"),
    ]
    refused(400, "InvalidRequestException", "Name", ann.send, "POST", "contacts", {"ContactFlowId": team.flow})


def test_the_worklist(team):
    instance = team.instance
    manual = instance.queue()
    profile = instance.create_routing_profile(
        Name=unique("profile"),
        Description="picks by hand",
        DefaultOutboundQueueId=manual,
        MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 1}],
        ManualAssignmentQueueConfigs=[{"QueueReference": {"QueueId": manual, "Channel": "TASK"}}],
    )["RoutingProfileId"]
    user = instance.user(Username="picker", RoutingProfileId=profile)
    picker = Program(instance, user)
    picker.status("Available")
    flow = instance.flow(flows.into_queue(manual))
    tasks = [instance.task(ContactFlowId=flow, Name=name) for name in ("one", "two")]
    for task in tasks:
        instance.when_queued(task)
    shown = picker.send("GET", "worklist")
    assert [(entry["ContactId"], entry["Name"]) for entry in shown["Contacts"]] == list(zip(tasks, ("one", "two")))
    picker.act(tasks[1], "assign")
    assert picker.contacts() == {tasks[1]: "CONNECTED"}
    refused(400, "InvalidRequestException", "at most 1", picker.act, tasks[0], "assign")
    refused(404, "ResourceNotFoundException", "worklist", picker.act, tasks[1], "assign")
    assert [entry["ContactId"] for entry in picker.send("GET", "worklist")["Contacts"]] == [tasks[0]]


def test_signing_in(server, team):
    team.user("ann")
    for name, password, where in (
        ("ann", "wrong", team.instance.id),
        ("nobody", PASSWORD, team.instance.id),
        ("ann", PASSWORD, "nowhere"),
    ):
        refused(401, "NotAuthorizedException", "wrong", Person, server, where, name, password)
    by_arn = Person(server, team.instance.arn, "ann", PASSWORD)
    assert by_arn.snapshot()["User"]["Username"] == "ann"
    described = team.instance.describe_user(UserId=by_arn.user)
    assert "argon2" not in str(described)


def test_agents_survive_a_kill(tmp_path):
    server = Server(tmp_path).start()
    team = Team(server)
    ann = team.person("ann")
    task = team.task()
    ann.when_contact(task, "CONNECTING")
    ann.act(task, "accept")
    server.kill()
    team.go_home()
    server.start()
    team.instance = Instance(server, team.instance.id, team.instance.arn)
    program = Program(team.instance, ann.user)
    assert program.contacts() == {task: "CONNECTED"}
    assert program.snapshot()["Presence"] in ("GONE", "ABSENT")
    refused(401, "NotAuthorizedException", "session", ann.snapshot)
    program.act(task, "end")
    program.act(task, "close")
    assert program.contacts() == {}
    assert server.stop() == 0


def test_a_restart_ends_sessions_and_after_the_grace_the_presence_of_who_had_one(tmp_path):
    server = Server(tmp_path, test_clock=True).start()
    team = Team(server)
    watching = team.person("ann")
    team.user("bob")
    polling = Person(server, team.instance.id, "bob", PASSWORD)
    polling.status("Available")
    robot = team.program("robot")
    server.kill()
    team.go_home()
    server.start()
    team.instance = Instance(server, team.instance.id, team.instance.arn)

    def seen(user: str) -> tuple[str, str, bool]:
        snapshot = Program(team.instance, user).snapshot()
        return snapshot["Status"]["Name"], snapshot["Presence"], snapshot["GetsOffers"]

    for user in (watching.user, polling.user):
        eventually(lambda: seen(user) == ("Available", "GONE", True), "the end of the connection")
    # Who signs in again in time goes on.
    team.go_home()
    again = Person(server, team.instance.id, "ann", PASSWORD)
    server.advance(PRESENCE_GRACE_SECONDS)
    assert seen(again.user) == ("Available", "PROGRAM", True)
    assert seen(polling.user) == ("Offline", "PROGRAM", False)
    assert seen(robot.user) == ("Available", "PROGRAM", True)
    assert server.stop() == 0


def test_a_new_task_reaches_nothing_that_is_not_the_agents(team):
    ann, bob = team.person("ann"), team.person("bob")
    bob.status("Offline")
    secret = team.task(Attributes={"secret": "42"})
    ann.when_contact(secret, "CONNECTING")

    def make(who, **members):
        return who.send("POST", "contacts", {"Name": "linked", "ContactFlowId": team.flow, **members})

    for link in ("PreviousContactId", "RelatedContactId"):
        # Offered is not accepted.
        for who in (ann, bob):
            refused(400, "InvalidRequestException", f"{link} must be a contact that you have", make, who, **{link: secret})
    assert team.instance.attributes(secret) == {"secret": "42"}
    ann.act(secret, "accept")
    ann.when_contact(secret, "CONNECTED")
    refused(400, "InvalidRequestException", "a contact that you have", make, bob, PreviousContactId=secret)
    ann.status("Offline")
    follow_up = make(ann, PreviousContactId=secret, Attributes={"next": "yes"})["ContactId"]
    assert team.instance.attributes(follow_up) == {"secret": "42", "next": "yes"}
    refused(400, "InvalidRequestException", "one that quick-connects shows", make, ann, QuickConnectId=team.hidden)
    segment = {"connect:CreatedByUser": {"ValueString": "somebody else"}}
    refused(400, "InvalidRequestException", "SegmentAttributes", make, ann, SegmentAttributes=segment)
    refused(400, "InvalidRequestException", '"Nme" is no member', ann.send, "POST", "contacts", {"Nme": "x"})


def test_a_stream_hears_of_new_names(team):
    ann = team.person("ann")
    task = team.instance.task(ContactFlowId=team.flow)
    ann.when_contact(task, "CONNECTING")
    break_name = unique("break")
    team.instance.create_agent_status(Name=break_name, State="ENABLED")
    ann.when(lambda it: break_name in [status["Name"] for status in it["Statuses"]], "the new status")
    team.instance.update_queue_name(QueueId=team.queue, Name="renamed")
    ann.when(lambda it: it["Contacts"][0]["Queue"]["Name"] == "renamed", "the new name of the queue")
    assert ann.seen[-1] == ann.snapshot()


def test_the_expiry_warning_follows_the_end(timed_team):
    team, server = timed_team, timed_team.instance.server
    ann = team.program("ann")
    task = team.instance.task(ContactFlowId=team.flow)
    team.instance.when(task, lambda _: ann.contacts() == {task: "CONNECTING"}, "offered")
    ann.act(task, "accept")

    def is_warned() -> bool:
        return ann.snapshot()["Contacts"][0]["ExpiresSoon"]

    def ends_in(minutes: int) -> None:
        expiry = {"ValueMap": {"ExpiryDuration": {"ValueInteger": minutes}}}
        team.instance.update_contact(ContactId=task, SegmentAttributes={"connect:ContactExpiry": expiry})

    assert not is_warned()
    ends_in(60)
    assert is_warned()
    ends_in(180)
    assert not is_warned()
    server.advance(3_601)
    assert is_warned()


def test_an_agent_has_room_for_a_hundred_contacts(team):
    ann = team.program("ann")
    ann.status("Offline")
    tasks = [team.instance.task(ContactFlowId=team.flow) for _ in range(101)]
    for task in tasks:
        team.instance.when_queued(task)
    for task in tasks[:100]:
        team.instance.associate_contact_with_user(ContactId=task, UserId=ann.user)
    team.instance.refused(
        "InvalidRequestException",
        "has 100 contacts",
        "associate_contact_with_user",
        ContactId=tasks[100],
        UserId=ann.user,
    )
    ann.status("Available")
    control = team.instance.server.control
    explained = control("GET", f"/contacts/{tasks[100]}/explain?instance={team.instance.id}")
    assert [reason["Code"] for reason in explained["Reasons"]] == ["TOO_MANY_CONTACTS"], explained


def test_explain_knows_a_task_that_nothing_will_queue_again(team):
    task = team.instance.task(ContactFlowId=team.flow)
    team.instance.when_queued(task)

    def summary() -> str:
        control = team.instance.server.control
        return control("GET", f"/contacts/{task}/explain?instance={team.instance.id}")["Summary"]

    team.instance.pause_contact(ContactId=task)
    assert "ResumeContact with a ContactFlowId" in summary()
    team.instance.resume_contact(ContactId=task)
    assert "TransferContact queues it" in summary()
    team.instance.transfer_contact(ContactId=task, ContactFlowId=team.flow)
