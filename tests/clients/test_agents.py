"""Agents: statuses, what agents do now, and contacts on their way to an agent and with one.

Contacts are given to agents by AssociateContactWithUser; a user who accepts without a click has one at once.
"""

import pytest

from harness.connect import absent_id, unique

AUTO_ACCEPT = {"PhoneType": "SOFT_PHONE", "AutoAccept": True, "AfterContactWorkTimeLimit": 0}


def status_id(instance, name: str) -> str:
    found = instance.list_agent_statuses()["AgentStatusSummaryList"]
    return next(status["Id"] for status in found if status["Name"] == name)


def data_of(instance, user: str) -> dict:
    answer = instance.get_current_user_data(Filters={"Agents": [user]})
    assert answer["ApproximateTotalCount"] == 1
    return answer["UserDataList"][0]


def states_of(instance, user: str) -> dict[str, str]:
    return {entry["ContactId"]: entry["AgentContactState"] for entry in data_of(instance, user)["Contacts"]}


@pytest.fixture
def queued(instance):
    """Makes a task that waits in BasicQueue."""

    def make(**parameters) -> str:
        task = instance.task(ContactFlowId=instance.flow(), **parameters)
        instance.when_queued(task)
        return task

    return make


def connected(instance, queued) -> tuple[str, str]:
    """A task with an agent."""
    user = instance.user(PhoneConfig=AUTO_ACCEPT)
    task = queued()
    instance.associate_contact_with_user(ContactId=task, UserId=user)
    instance.when(task, lambda contact: "AgentInfo" in contact, "with its agent")
    return user, task


def test_agent_statuses(fresh):
    both = fresh.list_agent_statuses()["AgentStatusSummaryList"]
    assert {(status["Name"], status["Type"]) for status in both} == {("Available", "ROUTABLE"), ("Offline", "OFFLINE")}
    made = fresh.create_agent_status(
        Name="Lunch", Description="eats", State="ENABLED", DisplayOrder=3, Tags={"kind": "break"}
    )
    assert made["AgentStatusARN"] == fresh.arn_of("agent-state", made["AgentStatusId"])
    shown = fresh.describe_agent_status(AgentStatusId=made["AgentStatusARN"])["AgentStatus"]
    assert (shown["Name"], shown["Description"], shown["Type"], shown["DisplayOrder"], shown["State"], shown["Tags"]) == (
        "Lunch",
        "eats",
        "CUSTOM",
        3,
        "ENABLED",
        {"kind": "break"},
    )
    fresh.update_agent_status(
        AgentStatusId=made["AgentStatusId"], Name="Dinner", State="DISABLED", ResetOrderNumber=True
    )
    shown = fresh.describe_agent_status(AgentStatusId=made["AgentStatusId"])["AgentStatus"]
    assert (shown["Name"], shown["Description"], shown["State"], "DisplayOrder" in shown) == (
        "Dinner",
        "eats",
        "DISABLED",
        False,
    )
    custom = fresh.list_agent_statuses(AgentStatusTypes=["CUSTOM"])["AgentStatusSummaryList"]
    assert [status["Name"] for status in custom] == ["Dinner"]
    assert [len(page) for page in fresh.pages("list_agent_statuses", "AgentStatusSummaryList", 2)] == [2, 1]

    fresh.refused("DuplicateResourceException", "Dinner", "create_agent_status", Name="Dinner", State="ENABLED")
    fresh.refused("ResourceNotFoundException", None, "describe_agent_status", AgentStatusId=absent_id())
    offline = status_id(fresh, "Offline")
    fresh.refused("InvalidRequestException", "keeps", "update_agent_status", AgentStatusId=offline, State="DISABLED")
    user = fresh.user()
    disabled = {"UserId": user, "AgentStatusId": made["AgentStatusId"]}
    fresh.refused("InvalidRequestException", "DISABLED", "put_user_status", **disabled)


def test_the_status_of_an_agent(instance):
    user = instance.user()
    shown = data_of(instance, user)
    assert (shown["Status"]["StatusName"], shown["Contacts"]) == ("Offline", [])
    assert shown["User"] == {"Id": user, "Arn": instance.user_arn(user)}
    lunch = instance.create_agent_status(Name=unique("lunch"), State="ENABLED")["AgentStatusId"]
    instance.put_user_status(UserId=user, AgentStatusId=lunch)
    shown = data_of(instance, user)
    assert shown["Status"]["StatusArn"] == instance.arn_of("agent-state", lunch)
    assert shown["MaxSlotsByChannel"]["TASK"] == shown["AvailableSlotsByChannel"]["TASK"]
    profile = instance.get_current_user_data(Filters={"RoutingProfiles": [instance.routing_profile_id()]})
    assert user in {entry["User"]["Id"] for entry in profile["UserDataList"]}
    queue = instance.get_current_user_data(Filters={"Queues": [instance.queue_id()]})
    assert user in {entry["User"]["Id"] for entry in queue["UserDataList"]}

    filters = {"Agents": [user], "Queues": [instance.queue_id()]}
    instance.refused("InvalidRequestException", "exactly one", "get_current_user_data", Filters=filters)
    absent = {"UserId": user, "AgentStatusId": absent_id()}
    instance.refused("ResourceNotFoundException", "agent status", "put_user_status", **absent)


def test_a_task_is_offered_to_a_user_and_taken_back_by_its_end(instance, queued):
    user = instance.user()
    task = queued()
    instance.associate_contact_with_user(ContactId=task, UserId=user)
    assert states_of(instance, user) == {task: "CONNECTING"}
    connecting = {"Agents": [user], "ContactFilter": {"ContactStates": ["CONNECTING"]}}
    assert len(instance.get_current_user_data(Filters=connecting)["UserDataList"]) == 1
    again = {"ContactId": task, "UserId": user}
    instance.refused("InvalidRequestException", task, "associate_contact_with_user", **again)
    instance.refused("ConflictException", task, "pause_contact", ContactId=task)
    instance.stop_contact(ContactId=task)
    assert states_of(instance, user) == {task: "REJECTED"}
    instance.dismiss_user_contact(UserId=user, ContactId=task)
    assert states_of(instance, user) == {}
    gone = {"UserId": user, "ContactId": task}
    instance.refused("InvalidRequestException", task, "dismiss_user_contact", **gone)


def test_a_task_with_an_agent(instance, queued):
    user, task = connected(instance, queued)
    assert states_of(instance, user) == {task: "CONNECTED"}
    shown = data_of(instance, user)
    assert shown["ActiveSlotsByChannel"]["TASK"] == 1
    # Not Available: the other tests of this instance would meet an agent who takes their tasks.
    lunch = unique("lunch")
    made = instance.create_agent_status(Name=lunch, State="ENABLED")
    instance.put_user_status(UserId=user, AgentStatusId=made["AgentStatusId"])
    shown = data_of(instance, user)
    assert (shown["Status"]["StatusName"], shown["NextStatus"]) == ("Offline", lunch)
    assert instance.contact(task)["AgentInfo"]["Id"] == user
    not_now = {"UserId": user, "ContactId": task}
    instance.refused("InvalidRequestException", None, "dismiss_user_contact", **not_now)

    instance.stop_contact(ContactId=task)
    assert states_of(instance, user) == {task: "ENDED"}
    instance.refused("ContactNotFoundException", "ended", "stop_contact", ContactId=task)
    assert "AfterContactWorkStartTimestamp" in instance.contact(task)["AgentInfo"]
    instance.dismiss_user_contact(UserId=user, ContactId=task)
    info = instance.contact(task)["AgentInfo"]
    assert "AfterContactWorkEndTimestamp" in info and info["AfterContactWorkDuration"] >= 0
    assert data_of(instance, user)["Status"]["StatusName"] == lunch


def test_pause_and_resume(instance, queued):
    user, task = connected(instance, queued)
    instance.pause_contact(ContactId=task)
    shown = data_of(instance, user)
    assert (shown["ActiveSlotsByChannel"]["TASK"], states_of(instance, user)) == (0, {task: "CONNECTED"})
    contact = instance.contact(task)
    assert contact["TotalPauseCount"] == 1 and "LastPausedTimestamp" in contact
    instance.refused("ConflictException", task, "pause_contact", ContactId=task)
    instance.resume_contact(ContactId=task)
    assert "LastResumedTimestamp" in instance.contact(task)
    instance.refused("ConflictException", task, "resume_contact", ContactId=task)
    instance.refused("ResourceNotFoundException", None, "resume_contact", ContactId=absent_id())
    absent = {"ContactId": task, "ContactFlowId": absent_id()}
    instance.refused("ResourceNotFoundException", "flow", "pause_contact", **absent)


def test_a_transfer_makes_a_contact_that_takes_over(instance, queued):
    user, task = connected(instance, queued)
    call = {"ContactId": task, "ContactFlowId": instance.flow(), "ClientToken": unique("token")}
    both = call | {"QueueId": instance.queue_id(), "UserId": user}
    instance.refused("InvalidRequestException", "QueueId and UserId", "transfer_contact", **both)
    instance.refused("ResourceNotFoundException", "queue", "transfer_contact", **call | {"QueueId": absent_id()})
    made = instance.transfer_contact(**call, QueueId=instance.queue_id())
    assert made["ContactArn"] == instance.arn_of("contact", made["ContactId"])
    next_task = instance.when_queued(made["ContactId"])
    assert (next_task["PreviousContactId"], next_task["InitiationMethod"]) == (task, "TRANSFER")
    assert "DisconnectTimestamp" in instance.contact(task)
    again = instance.transfer_contact(**call, QueueId=instance.queue_id())
    assert again["ContactId"] == made["ContactId"]
    other = call | {"QueueId": instance.queue()}
    instance.refused("IdempotencyException", "ClientToken", "transfer_contact", **other)


def test_the_place_in_the_queue_and_routing_criteria(instance, queued):
    user = instance.user()
    task = queued()
    instance.update_contact_routing_data(ContactId=task, QueuePriority=2)
    assert instance.contact(task)["QueuePriority"] == 2
    instance.update_contact_routing_data(ContactId=task, QueueTimeAdjustmentSeconds=-60)
    assert instance.contact(task)["QueueTimeAdjustmentSeconds"] == -60
    preferred = {"AgentsCriteria": {"AgentIds": [user]}}
    technology = unique("technology")
    instance.create_predefined_attribute(Name=technology, Values={"StringList": ["AWS"]})
    level = {"Name": technology, "Value": "AWS", "ProficiencyLevel": 3.0}
    steps = [
        {
            "Expiry": {"DurationInSeconds": 60},
            "Expression": {"AttributeCondition": {"ComparisonOperator": "Match", "MatchCriteria": preferred}},
        },
        {"Expression": {"AttributeCondition": {"ComparisonOperator": "NumberGreaterOrEqualTo", **level}}},
    ]
    instance.update_contact_routing_data(ContactId=task, RoutingCriteria={"Steps": steps})
    shown = instance.contact(task)["RoutingCriteria"]
    assert [step["Status"] for step in shown["Steps"]] == ["ACTIVE", "INACTIVE"]
    assert [step["Expression"] for step in shown["Steps"]] == [step["Expression"] for step in steps]
    assert "ExpiryTimestamp" in shown["Steps"][0]["Expiry"] and "ActivationTimestamp" in shown

    update = "update_contact_routing_data"
    both = {"QueuePriority": 1, "QueueTimeAdjustmentSeconds": 1}
    instance.refused("InvalidParameterException", "together", update, ContactId=task, **both)
    instance.refused("InvalidParameterException", "nothing", update, ContactId=task)
    empty = {"Steps": [{"Expression": {}}]}
    instance.refused("InvalidParameterException", "exactly one", update, ContactId=task, RoutingCriteria=empty)
    instance.stop_contact(ContactId=task)
    instance.refused("ResourceConflictException", task, update, ContactId=task, QueuePriority=1)


def test_settings_of_users(instance):
    user = instance.user()
    queue = instance.queue_id()
    profile = instance.create_routing_profile(
        Name=unique("profile"),
        Description="d",
        DefaultOutboundQueueId=queue,
        MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 3}],
    )["RoutingProfileId"]
    instance.update_user_routing_profile(UserId=user, RoutingProfileId=profile)
    assert data_of(instance, user)["MaxSlotsByChannel"] == {"TASK": 3}
    instance.update_user_phone_config(UserId=user, PhoneConfig=AUTO_ACCEPT)
    accept = [{"Channel": "TASK", "AutoAccept": False}]
    work = [{"Channel": "TASK", "AfterContactWorkConfig": {"AfterContactWorkTimeLimit": 60}}]
    instance.update_user_config(UserId=user, AutoAcceptConfigs=accept, AfterContactWorkConfigs=work)
    shown = instance.describe_user(UserId=user)["User"]
    assert shown["PhoneConfig"]["AutoAccept"] is True
    assert (shown["AutoAcceptConfigs"], shown["AfterContactWorkConfigs"]) == (accept, work)

    update = "update_user_config"
    instance.refused("InvalidParameterException", "twice", update, UserId=user, AutoAcceptConfigs=accept * 2)
    absent = {"UserId": user, "RoutingProfileId": absent_id()}
    instance.refused("ResourceNotFoundException", "routing profile", "update_user_routing_profile", **absent)
    absent = {"UserId": absent_id(), "PhoneConfig": AUTO_ACCEPT}
    instance.refused("ResourceNotFoundException", "user", "update_user_phone_config", **absent)


def test_a_deleted_user_leaves_nothing_behind(fresh):
    user = fresh.user()
    fresh.put_user_status(UserId=user, AgentStatusId=status_id(fresh, "Available"))
    fresh.delete_user(UserId=user)
    assert fresh.list_users()["UserSummaryList"] == []
    assert fresh.list_queues(QueueTypes=["AGENT"])["QueueSummaryList"] == []
    fresh.refused("ResourceNotFoundException", "user", "delete_user", UserId=user)
