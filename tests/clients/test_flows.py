"""What flows do with a task, seen from outside: by attributes, queues, tags and ends."""

import pytest

from harness import flows
from harness.connect import unique
from harness.flows import action, content, end, set_attributes, set_queue, stay, to_queue

NO_MATCH = "NoMatchingError"
WEEK_SECONDS = 604_800


@pytest.fixture
def run(timed):
    """Runs these actions on a new task and answers the contact once the flow rests."""

    def start(*actions, seconds: float = 1, task=None, **parameters) -> dict:
        flow = timed.flow(content(*actions))
        contact_id = timed.task(ContactFlowId=flow, **parameters)
        timed.server.advance(seconds)
        return timed.contact(contact_id)

    return start


def compare(identifier: str, value: str, *conditions, otherwise: str) -> dict:
    return action(
        identifier,
        "Compare",
        {"ComparisonValue": value},
        then=otherwise,
        errors={"NoMatchingCondition": otherwise},
        conditions=conditions,
    )


def test_a_task_is_queued(timed, run):
    now = timed.server.now()
    queue = timed.queue()
    contact = run(set_queue("set", queue, "queue"), to_queue(), end())
    assert contact["QueueInfo"]["Id"] == queue
    assert contact["QueueInfo"]["EnqueueTimestamp"].timestamp() == pytest.approx(now, abs=1)
    # The default customer queue flow keeps a task waiting.
    timed.server.advance(3600)
    assert "DisconnectTimestamp" not in timed.contact(contact["Id"])


def test_no_queue_was_set(run):
    contact = run(to_queue("queue", failed="failed"), set_attributes("failed", "stay", q="none"), stay(), end())
    assert contact["Attributes"] == {"q": "none"}
    assert "EnqueueTimestamp" not in contact.get("QueueInfo", {})


def test_a_full_queue_takes_its_branch(timed, run):
    queue = timed.queue(MaxContacts=1)
    full = set_attributes("full", "stay", queue="full")
    steps = (set_queue("set", queue, "queue"), to_queue(at_capacity="full"), full, stay(), end())
    assert "EnqueueTimestamp" in run(*steps)["QueueInfo"]
    second = run(*steps)
    assert second["Attributes"] == {"queue": "full"}
    assert "EnqueueTimestamp" not in second.get("QueueInfo", {})


def test_a_disabled_queue_takes_the_error_branch(timed, run):
    queue = timed.queue()
    timed.update_queue_status(QueueId=queue, Status="DISABLED")
    failed = set_attributes("failed", "stay", queue="disabled")
    contact = run(set_queue("set", queue, "queue"), to_queue(failed="failed"), failed, stay(), end())
    assert contact["Attributes"] == {"queue": "disabled"}


def test_a_flow_that_ends_ends_the_task(run):
    assert run(end())["DisconnectReason"] == "CONTACT_FLOW_DISCONNECT"


def test_attributes_refer_to_the_task(run):
    contact = run(
        set_attributes("set", "stay", copy="$.Attributes.given", text="$.Name is $.Channel", blank=" "),
        stay(),
        end(),
        Name="the name",
        Attributes={"given": "yes"},
    )
    attributes = contact["Attributes"]
    assert attributes["copy"] == "yes"
    assert attributes["text"] == "the name is TASK"
    assert attributes["blank"] == " "


def test_too_many_attributes_take_the_error_branch(run):
    contact = run(
        action(
            "set",
            "UpdateContactAttributes",
            {"Attributes": {"b": "$.Attributes.a"}},
            then="stay",
            errors={NO_MATCH: "failed"},
        ),
        set_attributes("failed", "stay", error="yes"),
        stay(),
        end(),
        Attributes={"a": "v" * 20_000},
    )
    assert "b" not in contact["Attributes"]
    assert contact["Attributes"]["error"] == "yes"


@pytest.mark.parametrize(
    ("operator", "operand", "yes", "no"),
    [
        ("Equals", "red", "red", "Red"),
        ("TextStartsWith", "re", "red", "tred"),
        ("TextEndsWith", "ed", "red", "reds"),
        ("TextContains", "e", "red", "rad"),
        ("NumberGreaterThan", "10", "10.5", "10"),
        ("NumberGreaterOrEqualTo", "10", "10", "9"),
        ("NumberLessThan", "10", "9", "10"),
        ("NumberLessOrEqualTo", "10", "10", "ten"),
    ],
)
def test_compare(run, operator, operand, yes, no):
    steps = (
        compare("check", "$.Attributes.value", (operator, operand, "match"), otherwise="stay"),
        set_attributes("match", "stay", matched="yes"),
        stay(),
        end(),
    )
    assert run(*steps, Attributes={"value": yes})["Attributes"].get("matched") == "yes"
    assert "matched" not in run(*steps, Attributes={"value": no})["Attributes"]
    assert "matched" not in run(*steps, Attributes={"other": "x"})["Attributes"]


def test_flow_attributes_stay_inside_the_flow(run):
    contact = run(
        action(
            "set",
            "UpdateFlowAttributes",
            {"FlowAttributes": {"colour": {"Value": "red"}}},
            then="check",
            errors={NO_MATCH: "end"},
        ),
        compare("check", "$.FlowAttributes.colour", ("Equals", "red", "match"), otherwise="end"),
        set_attributes("match", "stay", matched="yes"),
        stay(),
        end(),
    )
    assert contact["Attributes"] == {"matched": "yes"}


def test_contact_data(run):
    data = {"Name": "renamed by $.Name", "Description": "described"}
    contact = run(
        action("update", "UpdateContactData", data, then="stay", errors={NO_MATCH: "end"}), stay(), end(), Name="first"
    )
    assert (contact["Name"], contact["Description"]) == ("renamed by first", "described")


def test_routing_behaviour(run):
    contact = run(
        action("priority", "UpdateContactRoutingBehavior", {"QueuePriority": "2"}, then="age"),
        action("age", "UpdateContactRoutingBehavior", {"QueueTimeAdjustmentSeconds": "-30"}, then="stay"),
        stay(),
        end(),
    )
    assert (contact["QueuePriority"], contact["QueueTimeAdjustmentSeconds"]) == (2, -30)


def test_tags(run):
    contact = run(
        action(
            "tag", "TagContact", {"Tags": {"team": "blue", "name": "$.Name"}}, then="untag", errors={NO_MATCH: "end"}
        ),
        action("untag", "UntagContact", {"TagKeys": ["team"]}, then="stay", errors={NO_MATCH: "end"}),
        stay(),
        end(),
        Name="x",
    )
    assert {key: value for key, value in contact["Tags"].items() if not key.startswith("aws:")} == {"name": "x"}


def test_loop(timed, run):
    contact = run(
        action(
            "loop",
            "Loop",
            {"LoopCount": "3"},
            then="stay",
            conditions=[("Equals", "ContinueLooping", "wait"), ("Equals", "DoneLooping", "done")],
        ),
        stay("wait", 60, "loop"),
        set_attributes("done", "stay", looped="yes"),
        stay(),
        end(),
        seconds=150,
    )
    assert contact.get("Attributes", {}) == {}
    timed.server.advance(60)
    assert timed.attributes(contact["Id"]) == {"looped": "yes"}


def test_wait(timed, run):
    contact = run(stay("wait", 600, "mark"), set_attributes("mark", "stay", waited="yes"), stay(), end(), seconds=599)
    assert contact.get("Attributes", {}) == {}
    timed.server.advance(2)
    assert timed.attributes(contact["Id"]) == {"waited": "yes"}


def test_distribution(timed):
    flow = timed.flow(
        content(
            action(
                "draw",
                "DistributeByPercentage",
                then="b",
                errors={"NoMatchingCondition": "b"},
                conditions=[("NumberLessThan", "51", "a")],
            ),
            set_attributes("a", "stay", branch="a"),
            set_attributes("b", "stay", branch="b"),
            stay(),
            end(),
        )
    )
    tasks = [timed.task(ContactFlowId=flow) for _ in range(60)]
    timed.server.advance(1)
    drawn = [timed.attributes(task)["branch"] for task in tasks]
    # A branch of one half that is never taken in 60 draws happens once in 10^18 runs.
    assert set(drawn) == {"a", "b"}


def test_transfer_to_a_flow(timed, run):
    queue = timed.queue()
    second = timed.flow(content(set_attributes("mark", "queue", second="yes"), to_queue(), end()))
    contact = run(
        set_queue("set", queue, "go"),
        action("go", "TransferToFlow", {"ContactFlowId": second}, then="end", errors={NO_MATCH: "end"}),
        end(),
    )
    assert contact["Attributes"] == {"second": "yes"}
    # The working queue is carried over.
    assert contact["QueueInfo"]["Id"] == queue


def test_transfer_to_a_flow_that_is_gone_takes_the_error_branch(timed, run):
    gone = timed.flow(flows.waiting())
    steps = (
        stay("wait", 60, "go"),
        action("go", "TransferToFlow", {"ContactFlowId": gone}, then="end", errors={NO_MATCH: "failed"}),
        set_attributes("failed", "stay", flow="gone"),
        stay(),
        end(),
    )
    contact = run(*steps)
    timed.delete_contact_flow(ContactFlowId=gone)
    timed.server.advance(120)
    assert timed.attributes(contact["Id"]) == {"flow": "gone"}


@pytest.mark.parametrize(("config", "branch"), [("always", "open"), ("never", "closed")])
def test_hours(timed, run, config, branch):
    days = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
    whole_day = {"StartTime": {"Hours": 0, "Minutes": 0}, "EndTime": {"Hours": 0, "Minutes": 0}}
    open_days = [{"Day": day, **whole_day} for day in days] if config == "always" else []
    hours = timed.create_hours_of_operation(Name=unique("hours"), TimeZone="UTC", Config=open_days)[
        "HoursOfOperationId"
    ]
    contact = run(
        action(
            "check",
            "CheckHoursOfOperation",
            {"HoursOfOperationId": hours},
            then="end",
            errors={NO_MATCH: "end"},
            conditions=[("Equals", "True", "open"), ("Equals", "False", "closed")],
        ),
        set_attributes("open", "stay", hours="open"),
        set_attributes("closed", "stay", hours="closed"),
        stay(),
        end(),
    )
    assert contact["Attributes"] == {"hours": branch}


def test_hours_of_the_working_queue(timed, run):
    closed = timed.create_hours_of_operation(Name=unique("hours"), TimeZone="UTC", Config=[])["HoursOfOperationId"]
    contact = run(
        set_queue("set", timed.queue(HoursOfOperationId=closed), "check"),
        action(
            "check",
            "CheckHoursOfOperation",
            then="end",
            errors={NO_MATCH: "end"},
            conditions=[("Equals", "True", "end"), ("Equals", "False", "closed")],
        ),
        set_attributes("closed", "stay", hours="closed"),
        stay(),
        end(),
    )
    assert contact["Attributes"] == {"hours": "closed"}


def test_size_of_a_queue(timed, run):
    queue = timed.queue()
    steps = (
        action(
            "check",
            "CheckMetricData",
            {"MetricType": "NumberOfContactsInQueue", "QueueId": queue},
            then="end",
            errors={NO_MATCH: "end", "NoMatchingCondition": "empty"},
            conditions=[("NumberGreaterThan", "0", "busy")],
        ),
        set_attributes("empty", "set", queue="empty"),
        set_attributes("busy", "set", queue="busy"),
        set_queue("set", queue, "queue"),
        to_queue(),
        end(),
    )
    assert run(*steps)["Attributes"] == {"queue": "empty"}
    assert run(*steps)["Attributes"] == {"queue": "busy"}


def test_a_prompt_says_nothing_to_a_task(run):
    contact = run(
        action("say", "MessageParticipant", {"Text": "hello"}, then="mark", errors={NO_MATCH: "end"}),
        set_attributes("mark", "stay", said="yes"),
        stay(),
        end(),
    )
    assert contact["Attributes"] == {"said": "yes"}


def test_flow_logging_is_taken(run):
    logging = action("log", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": "Enabled"}, then="stay")
    assert "DisconnectTimestamp" not in run(logging, stay(), end())


def test_a_voice_action_takes_its_error_branch(run):
    contact = run(
        action(
            "ask",
            "GetParticipantInput",
            {"Text": "press one", "StoreInput": "False", "InputTimeLimitSeconds": "5"},
            then="end",
            errors={NO_MATCH: "mark", "NoMatchingCondition": "end", "InputTimeLimitExceeded": "end"},
            conditions=[("Equals", "1", "end")],
        ),
        set_attributes("mark", "stay", voice="no"),
        stay(),
        end(),
    )
    assert contact["Attributes"] == {"voice": "no"}


def test_a_task_waits_in_the_queue_flow_that_was_set(timed, run):
    own = content(stay("wait", 60, "mark"), set_attributes("mark", "rest", waiting="a minute"), stay("rest"), end())
    queue_flow = timed.flow(own, Type="CUSTOMER_QUEUE")
    hooks = {"EventHooks": {"CustomerQueue": queue_flow}}
    contact = run(
        action("hook", "UpdateContactEventHooks", hooks, then="set", errors={NO_MATCH: "not set"}),
        set_attributes("not set", "set", hook="not set"),
        set_queue("set", timed.queue_id(), "queue"),
        to_queue(),
        end(),
    )
    assert contact["Attributes"] == {}
    timed.server.advance(60)
    waiting = timed.contact(contact["Id"])
    assert waiting["Attributes"] == {"waiting": "a minute"}
    assert waiting["QueueInfo"] == contact["QueueInfo"]
    assert "DisconnectTimestamp" not in waiting


def test_endless_loops_are_cut(run):
    """A flow that only runs in circles is stopped; the server goes on."""
    contact = run(
        set_attributes("a", "b", k="1"),
        set_attributes("b", "a", k="2"),
        end(),
    )
    assert "DisconnectTimestamp" in contact


def test_quick_connects_of_users_queue_at_the_user(timed):
    user = timed.user()
    config = {
        "QuickConnectType": "USER",
        "UserConfig": {"UserId": user, "ContactFlowId": timed.default_flow_id("Default agent transfer")},
    }
    contact = timed.when_queued(timed.task(QuickConnectId=timed.quick_connect(config)))
    assert contact["QueueInfo"]["Id"] == user


def test_flows_keep_running_for_a_week(timed, run):
    contact = run(stay(), end())
    assert "DisconnectTimestamp" not in contact
    timed.server.advance(WEEK_SECONDS + 1)
    assert timed.contact(contact["Id"])["DisconnectReason"] in ("CONTACT_FLOW_DISCONNECT", "EXPIRED")


def test_a_queue_flow_counts_its_own_task(timed):
    queue = timed.queue()
    oldest = action(
        "oldest",
        "CheckMetricData",
        {"MetricType": "OldestContactInQueueAgeSeconds"},
        then="no",
        errors={"NoMatchingError": "no", "NoMatchingCondition": "no"},
        # In milliseconds, as live instances have it.
        conditions=[("NumberGreaterThan", "59000", "size")],
    )
    size = action(
        "size",
        "CheckMetricData",
        {"MetricType": "NumberOfContactsInQueue"},
        then="no",
        errors={"NoMatchingError": "no", "NoMatchingCondition": "no"},
        conditions=[("Equals", "1", "get")],
    )
    get = action("get", "GetMetricData", {}, then="yes", errors={NO_MATCH: "no"})
    yes = set_attributes("yes", "stay2", size="$.Metrics.Queue.Size", age="$.Metrics.Queue.OldestContactAge")
    waits = stay("wait", seconds=60, then="oldest")
    queue_flow = timed.flow(
        content(waits, oldest, size, get, yes, set_attributes("no", "stay2", size="no"), stay("stay2"), end()),
        Type="CUSTOMER_QUEUE",
    )
    hook = action(
        "hook", "UpdateContactEventHooks", {"EventHooks": {"CustomerQueue": queue_flow}}, then="set", errors={NO_MATCH: "end"}
    )
    task = timed.task(ContactFlowId=timed.flow(content(hook, set_queue("set", queue, "queue"), to_queue(), end())))
    timed.server.advance(61)
    assert timed.attributes(task) == {"size": "1", "age": "60"}
