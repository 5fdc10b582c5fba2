"""Real-time metrics, on virtual time so that ages are exact."""

import pytest

from harness import flows
from harness.agents import Program
from harness.connect import Instance, absent_id

AUTO_ACCEPT = {"PhoneType": "SOFT_PHONE", "AutoAccept": True, "AfterContactWorkTimeLimit": 0}
ALL = [
    "AGENTS_ONLINE",
    "AGENTS_AVAILABLE",
    "AGENTS_STAFFED",
    "AGENTS_NON_PRODUCTIVE",
    "AGENTS_ON_CONTACT",
    "AGENTS_ON_CALL",
    "AGENTS_AFTER_CONTACT_WORK",
    "AGENTS_ERROR",
    "SLOTS_ACTIVE",
    "SLOTS_AVAILABLE",
    "CONTACTS_IN_QUEUE",
    "CONTACTS_SCHEDULED",
    "OLDEST_CONTACT_AGE",
]
UNITS = {"OLDEST_CONTACT_AGE": "SECONDS", "ESTIMATED_WAIT_TIME": "SECONDS"}


def metric(name: str) -> dict:
    return {"Name": name, "Unit": UNITS.get(name, "COUNT")}


def values(row: dict) -> dict[str, float]:
    return {one["Metric"]["Name"]: one.get("Value") for one in row["Collections"]}


class Floor:
    """An instance on virtual time with two queues, of which one routing profile serves the first and another both."""

    def __init__(self, clocked):
        self.instance = Instance.create(clocked)
        self.first, self.second = self.instance.queue(Name="first"), self.instance.queue(Name="second")
        self.narrow, self.wide = self._profile("narrow", [self.first]), self._profile("wide", [self.first, self.second])

    def _profile(self, name: str, queues: list[str]) -> str:
        return self.instance.create_routing_profile(
            Name=name,
            Description="d",
            DefaultOutboundQueueId=self.instance.queue_id(),
            MediaConcurrencies=[{"Channel": "TASK", "Concurrency": 3}, {"Channel": "CHAT", "Concurrency": 2}],
            QueueConfigs=[
                {"QueueReference": {"QueueId": queue, "Channel": "TASK"}, "Priority": 1, "Delay": 0} for queue in queues
            ],
        )["RoutingProfileId"]

    def one_slot(self, queues: list[str]) -> str:
        """A routing profile whose agents take one task at a time."""
        profile = self._profile("one", queues)
        one = [{"Channel": "TASK", "Concurrency": 1}]
        self.instance.update_routing_profile_concurrency(RoutingProfileId=profile, MediaConcurrencies=one)
        return profile

    def agent(self, profile: str, status: str, **parameters) -> str:
        user = self.instance.user(RoutingProfileId=profile, **parameters)
        self.status(user, status)
        return user

    def status(self, user: str, name: str) -> None:
        statuses = self.instance.list_agent_statuses()["AgentStatusSummaryList"]
        found = [status["Id"] for status in statuses if status["Name"] == name]
        made = found or [self.instance.create_agent_status(Name=name, State="ENABLED")["AgentStatusId"]]
        self.instance.put_user_status(UserId=user, AgentStatusId=made[0])

    def task(self, queue: str) -> str:
        task = self.instance.task(ContactFlowId=self.instance.flow(flows.into_queue(queue)))
        self.instance.when(task, lambda contact: "QueueInfo" in contact, "queued")
        return task

    def rows(self, filters: dict, *names: str, **parameters) -> list[dict]:
        metrics = [metric(name) for name in names]
        answer = self.instance.get_current_metric_data(Filters=filters, CurrentMetrics=metrics, **parameters)
        assert answer["ApproximateTotalCount"] == len(answer["MetricResults"])
        return answer["MetricResults"]

    def totals(self, filters: dict) -> dict[str, float]:
        (row,) = self.rows(filters, *ALL)
        assert "Dimensions" not in row
        return {name: value for name, value in values(row).items() if value}


@pytest.fixture
def floor(clocked):
    return Floor(clocked)


def test_agents_by_what_they_do(floor):
    instance, queues = floor.instance, {"Queues": [floor.first, floor.second]}
    assert floor.totals(queues) == {}
    floor.agent(floor.narrow, "Available")
    floor.agent(floor.wide, "Lunch")
    floor.agent(floor.wide, "Offline")
    instance.user(RoutingProfileId=floor.wide)
    free = {"AGENTS_ONLINE": 2, "AGENTS_AVAILABLE": 1, "AGENTS_STAFFED": 1, "AGENTS_NON_PRODUCTIVE": 1}
    assert floor.totals(queues) == free | {"SLOTS_AVAILABLE": 3}
    assert floor.totals({"Queues": [floor.second]}) == {"AGENTS_ONLINE": 1, "AGENTS_NON_PRODUCTIVE": 1}
    assert floor.totals(queues | {"Channels": ["TASK"]}) == free | {"SLOTS_AVAILABLE": 3}
    assert floor.totals(queues | {"Channels": ["VOICE", "CHAT"]}) == {}
    # A routing profile has all of its channels, also those by which no queue is served.
    of_profile = {"AGENTS_ONLINE": 1, "AGENTS_AVAILABLE": 1, "AGENTS_STAFFED": 1, "SLOTS_AVAILABLE": 5}
    assert floor.totals({"RoutingProfiles": [floor.narrow]}) == of_profile

    # One offer, missed; the second agent joins one, ends it and is in after contact work.
    offered = floor.task(floor.first)
    one_offered = free | {"SLOTS_ACTIVE": 1, "SLOTS_AVAILABLE": 2, "CONTACTS_IN_QUEUE": 1}
    assert floor.totals(queues) == one_offered
    instance.server.advance(31)
    missed = free | {"AGENTS_ERROR": 1, "SLOTS_ACTIVE": 1, "SLOTS_AVAILABLE": 2, "CONTACTS_IN_QUEUE": 1}
    assert floor.totals(queues) == missed | {"OLDEST_CONTACT_AGE": 31_000}
    instance.stop_contact(ContactId=offered)
    joined = floor.task(floor.second)
    busy = floor.agent(floor.wide, "Available", PhoneConfig=AUTO_ACCEPT)
    instance.when(joined, lambda contact: "AgentInfo" in contact, "with its agent")
    now = {"AGENTS_ONLINE": 2, "AGENTS_AVAILABLE": 1, "AGENTS_STAFFED": 1, "AGENTS_NON_PRODUCTIVE": 1}
    second = {"Queues": [floor.second]}
    work = now | {"SLOTS_ACTIVE": 1, "SLOTS_AVAILABLE": 2}
    assert floor.totals(second) == work | {"AGENTS_ON_CONTACT": 1, "AGENTS_ON_CALL": 1}
    instance.pause_contact(ContactId=joined)
    assert floor.totals(second) == now | {"SLOTS_AVAILABLE": 3, "AGENTS_ON_CONTACT": 1, "AGENTS_ON_CALL": 1}
    instance.resume_contact(ContactId=joined)
    instance.stop_contact(ContactId=joined)
    assert floor.totals(second) == work | {"AGENTS_AFTER_CONTACT_WORK": 1}
    instance.dismiss_user_contact(UserId=busy, ContactId=joined)
    assert floor.totals(second) == now | {"SLOTS_AVAILABLE": 3}


def test_contacts_in_queues(floor):
    instance = floor.instance
    assert floor.totals({"Queues": [floor.first]}) == {}
    floor.task(floor.first)
    instance.server.advance(10)
    floor.task(floor.first)
    floor.task(floor.second)
    instance.server.advance(5)
    config = {
        "QuickConnectType": "QUEUE",
        "QueueConfig": {"QueueId": floor.second, "ContactFlowId": instance.default_flow_id("Default queue transfer")},
    }
    scheduled = instance.task(
        QuickConnectId=instance.quick_connect(config), ScheduledTime=int(instance.server.now()) + 3600
    )
    both = {"Queues": [floor.first, floor.second]}
    # Without groupings ages are in milliseconds, with groupings in seconds.
    assert floor.totals(both) == {"CONTACTS_IN_QUEUE": 3, "CONTACTS_SCHEDULED": 1, "OLDEST_CONTACT_AGE": 15_000}
    names = ("CONTACTS_IN_QUEUE", "CONTACTS_SCHEDULED", "OLDEST_CONTACT_AGE")
    rows = floor.rows(both, *names, Groupings=["QUEUE"])
    by_queue = {row["Dimensions"]["Queue"]["Id"]: list(values(row).values()) for row in rows}
    assert by_queue == {floor.first: [2, 0, 15], floor.second: [1, 1, 5]}
    assert rows[0]["Dimensions"]["Queue"]["Arn"].startswith(instance.arn)
    profiles = {"RoutingProfiles": [floor.narrow, floor.wide]}
    rows = floor.rows(profiles, *names, Groupings=["ROUTING_PROFILE"])
    by_profile = {row["Dimensions"]["RoutingProfile"]["Id"]: list(values(row).values()) for row in rows}
    assert by_profile == {floor.narrow: [2, 0, 15], floor.wide: [3, 1, 15]}
    rows = floor.rows({"RoutingProfiles": [floor.wide]}, *names, Groupings=["QUEUE"])
    assert {row["Dimensions"]["Queue"]["Id"] for row in rows} == {floor.first, floor.second}
    rows = floor.rows(both | {"Channels": ["CHAT", "TASK"]}, "CONTACTS_IN_QUEUE", Groupings=["CHANNEL"])
    assert {row["Dimensions"]["Channel"]: values(row)["CONTACTS_IN_QUEUE"] for row in rows} == {"CHAT": 0, "TASK": 3}
    rows = floor.rows(both | {"Subtypes": ["connect:Task"]}, "CONTACTS_IN_QUEUE", Groupings=["SUBTYPE"])
    assert [(row["Dimensions"], values(row)) for row in rows] == [
        ({"Subtype": "connect:Task"}, {"CONTACTS_IN_QUEUE": 3})
    ]
    assert floor.totals(both | {"Subtypes": ["connect:Chat"]}) == {}
    instance.stop_contact(ContactId=scheduled)
    assert "CONTACTS_SCHEDULED" not in floor.totals(both)


def test_two_groupings_order_and_pages(floor):
    instance, both = floor.instance, {"Queues": [floor.first, floor.second]}
    floor.agent(floor.narrow, "Lunch")
    floor.agent(floor.wide, "Lunch")
    floor.agent(floor.wide, "Available")
    floor.task(floor.second)
    floor.task(floor.second)

    def online(rows, *dimensions):
        keys = [tuple(row["Dimensions"][name].get("Id") for name in dimensions) for row in rows]
        return list(zip(keys, [values(row)["AGENTS_ONLINE"] for row in rows]))

    # By AGENTS_ONLINE from the most down, unless told otherwise.
    rows = floor.rows(both, "AGENTS_ONLINE", Groupings=["QUEUE"])
    assert online(rows, "Queue") == [((floor.first,), 3), ((floor.second,), 2)]
    ascending = [{"SortByMetric": "AGENTS_ONLINE", "SortOrder": "ASCENDING"}]
    rows = floor.rows(both, "AGENTS_ONLINE", Groupings=["QUEUE"], SortCriteria=ascending)
    assert online(rows, "Queue") == [((floor.second,), 2), ((floor.first,), 3)]
    by_depth = [{"SortByMetric": "CONTACTS_IN_QUEUE", "SortOrder": "DESCENDING"}]
    rows = floor.rows(both, "AGENTS_ONLINE", Groupings=["QUEUE"], SortCriteria=by_depth)
    assert online(rows, "Queue")[0] == ((floor.second,), 2)
    rows = floor.rows(both, "AGENTS_ONLINE", Groupings=["QUEUE", "ROUTING_PROFILE"])
    assert sorted(online(rows, "Queue", "RoutingProfile")) == sorted(
        [((floor.first, floor.narrow), 1), ((floor.first, floor.wide), 2), ((floor.second, floor.wide), 2)]
    )
    by_id = [{"MetricId": "arn:aws:connect:us-east-1:aws:metric/AGENTS_ONLINE"}]
    (row,) = instance.get_current_metric_data(Filters=both, CurrentMetrics=by_id)["MetricResults"]
    assert row["Collections"] == [{"Metric": by_id[0] | {"Unit": "COUNT"}, "Value": 3}]
    statuses = {status["Name"]: status["Id"] for status in instance.list_agent_statuses()["AgentStatusSummaryList"]}
    rows = floor.rows(both, "AGENTS_ONLINE", Groupings=["AGENT_STATUS"])
    by_status = {statuses["Lunch"]: 2, statuses["Available"]: 1, statuses["Offline"]: 0}
    assert {row["Dimensions"]["AgentStatus"]["Id"]: values(row)["AGENTS_ONLINE"] for row in rows} == by_status
    lunch = both | {"AgentStatuses": [statuses["Lunch"]]}
    assert floor.totals(lunch)["AGENTS_ONLINE"] == 2

    request = {
        "Filters": both,
        "Groupings": ["QUEUE", "ROUTING_PROFILE"],
        "CurrentMetrics": [metric("AGENTS_ONLINE")],
        "MaxResults": 2,
    }
    first = instance.get_current_metric_data(**request)
    rest = instance.get_current_metric_data(**request, NextToken=first["NextToken"])
    assert (len(first["MetricResults"]), len(rest["MetricResults"]), "NextToken" in rest) == (2, 1, False)
    assert first["ApproximateTotalCount"] == 3
    assert not [row for row in rest["MetricResults"] if row in first["MetricResults"]]
    operation = "get_current_metric_data"
    other = request | {"Groupings": ["ROUTING_PROFILE"], "NextToken": first["NextToken"]}
    instance.refused("InvalidParameterException", "other filters", operation, **other)
    instance.refused("InvalidParameterException", "none of this", operation, **request, NextToken="nonsense")
    instance.server.advance(301)
    instance.refused("InvalidParameterException", "older", operation, **request, NextToken=first["NextToken"])


def test_the_wait_of_a_contact(floor):
    instance = floor.instance
    names = [{"Name": "POSITION_IN_QUEUE"}, {"Name": "ESTIMATED_WAIT_TIME"}]

    def waits(task: str) -> dict[str, float]:
        answer = instance.get_contact_metrics(ContactId=task, Metrics=names)
        assert (answer["Id"], answer["Arn"]) == (task, instance.arn_of("contact", task))
        return {result["Name"]: result["Value"]["Number"] for result in answer["MetricResults"]}

    three = []
    for _ in range(3):
        three.append(floor.task(floor.first))
        instance.server.advance(1)
    # Nobody works on anything, so no wait is known.
    assert [waits(task) for task in three] == [{"POSITION_IN_QUEUE": n} for n in (1, 2, 3)]
    concurrency = [{"Channel": "TASK", "Concurrency": 1}]
    instance.update_routing_profile_concurrency(RoutingProfileId=floor.narrow, MediaConcurrencies=concurrency)
    user = floor.agent(floor.narrow, "Available", PhoneConfig=AUTO_ACCEPT)
    instance.when(three[0], lambda contact: "AgentInfo" in contact, "with its agent")
    instance.server.advance(60)
    assert [waits(task) for task in three[1:]] == [
        {"POSITION_IN_QUEUE": 1, "ESTIMATED_WAIT_TIME": 60},
        {"POSITION_IN_QUEUE": 2, "ESTIMATED_WAIT_TIME": 120},
    ]
    (row,) = floor.rows({"Queues": [floor.first]}, "ESTIMATED_WAIT_TIME", Groupings=["QUEUE"])
    assert values(row) == {"ESTIMATED_WAIT_TIME": 180}
    instance.update_contact_routing_data(ContactId=three[2], QueuePriority=1)
    assert waits(three[2])["POSITION_IN_QUEUE"] == 1
    floor.status(user, "Lunch")

    operation = "get_contact_metrics"
    instance.refused("InvalidRequestException", "not in a queue", operation, ContactId=three[0], Metrics=names)
    instance.refused("ResourceNotFoundException", None, operation, ContactId=absent_id(), Metrics=names)
    wrong = {"ContactId": three[1], "Metrics": [{"Name": "AGE"}]}
    instance.refused("InvalidParameterException", "Name", operation, **wrong)


ASKED = {
    "position": "$.Metrics.Contact.PositionInQueue",
    "wait": "$.Metrics.Contact.EstimatedWaitTime",
    "queue wait": "$.Metrics.Queue.EstimatedWaitTime",
    "size": "$.Metrics.Queue.Size",
    "online": "$.Metrics.Agents.Online.Count",
    "available": "$.Metrics.Agents.Available.Count",
    "staffed": "$.Metrics.Agents.Staffed.Count",
    "busy": "$.Metrics.Agents.Busy.Count",
    "wrapping up": "$.Metrics.Agents.AfterContactWork.Count",
    "missed": "$.Metrics.Agents.Missed.Count",
    "away": "$.Metrics.Agents.NonProductive.Count",
}


def asking_flow(instance, queue: str) -> str:
    """A flow that queues the task, with a customer queue flow that notes the metrics at once and each minute."""

    def asks(prefix: str, then: str) -> list[dict]:
        values = {f"{prefix}{name}": f"[{path}]" for name, path in ASKED.items()}
        metrics = {"QueueId": queue, "QueueChannel": "Task"}
        errors = {"NoMatchingError": "end"}
        return [
            flows.action(f"{prefix}ask", "GetMetricData", metrics, then=f"{prefix}note", errors=errors),
            flows.set_attributes(f"{prefix}note", then, **values),
        ]

    actions = [*asks("", "wait"), flows.stay("wait", 60, "again ask"), *asks("again ", "rest"), flows.stay("rest")]
    waiting = instance.flow(flows.content(*actions, flows.end()), Type="CUSTOMER_QUEUE")
    hook = {"EventHooks": {"CustomerQueue": waiting}}
    hooked = flows.action("hook", "UpdateContactEventHooks", hook, then="queue", errors={"NoMatchingError": "end"})
    steps = [hooked, flows.set_queue("queue", queue, "to"), flows.to_queue("to"), flows.end()]
    return instance.flow(flows.content(*steps))


def test_metrics_in_a_flow(floor):
    instance = floor.instance
    flow = asking_flow(instance, floor.first)

    def told(task: str, prefix: str = "") -> dict[str, str]:
        attributes = instance.attributes(task)
        return {name: attributes[f"{prefix}{name}"].strip("[]") for name in ASKED}

    empty = told(instance.task(ContactFlowId=flow))
    assert {empty[name] for name in ("online", "staffed", "busy", "missed", "away", "wrapping up")} == {"0"}
    # The task counts itself. Nobody works on anything, so that nothing is known of the wait.
    assert (empty["position"], empty["wait"], empty["size"]) == ("1", "", "1")

    busy = {"AutoAccept": True, "PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 0}
    profile = floor.one_slot([floor.first])
    worker = floor.agent(profile, "Available", PhoneConfig=busy)
    floor.agent(profile, "Lunch")
    program = Program(instance, floor.agent(profile, "Available"))
    first = floor.task(floor.first)
    instance.server.advance(1)
    contacts = program.contacts()
    later = instance.task(ContactFlowId=flow)
    now = told(later)
    assert (now["online"], now["busy"], now["away"], now["missed"]) == ("3", "1", "1", "0")
    assert now["position"] != ""
    assert contacts and worker and first

    # The offer runs out: who missed it counts as that.
    instance.server.advance(31)
    assert set(program.contacts().values()) == {"MISSED"}
    missed = told(instance.task(ContactFlowId=flow))
    assert (missed["missed"], missed["busy"]) == ("1", "1")
    instance.server.advance(60)
    again = told(later, "again ")
    # The one that was missed is before it.
    assert again["position"] == "2"
    assert int(again["wait"]) > 0
    assert int(again["queue wait"]) > int(again["wait"])


def test_refused_metrics(floor):
    instance, queue = floor.instance, {"Queues": [floor.first]}

    def refused(exception, part, filters=queue, name="AGENTS_ONLINE", unit="COUNT", **parameters):
        call = {"Filters": filters, "CurrentMetrics": [{"Name": name, "Unit": unit}]} | parameters
        instance.refused(exception, part, "get_current_metric_data", **call)

    refused("InvalidRequestException", "exactly one", {})
    refused("InvalidRequestException", "exactly one", queue | {"RoutingProfiles": [floor.narrow]})
    refused("ResourceNotFoundException", "queue", {"Queues": [absent_id()]})
    refused("ResourceNotFoundException", "routing profile", {"RoutingProfiles": [absent_id()]})
    refused("ResourceNotFoundException", "agent status", queue | {"AgentStatuses": [absent_id()]})
    refused("InvalidParameterException", "STANDARD", {"Queues": [instance.user()]})
    refused("InvalidRequestException", "Queues", {"RoutingProfiles": [floor.narrow], "Subtypes": ["connect:Task"]})
    refused("InvalidRequestException", "RoutingStepExpressions", queue | {"RoutingStepExpressions": ["x"]})
    refused("InvalidRequestException", "ROUTING_STEP_EXPRESSION", Groupings=["ROUTING_STEP_EXPRESSION"])
    refused("InvalidParameterException", "twice", Groupings=["QUEUE", "QUEUE"])
    refused("InvalidParameterException", "Groupings", Groupings=["QUEUE", "CHANNEL", "ROUTING_PROFILE"])
    refused("InvalidRequestException", "Queues", {"RoutingProfiles": [floor.narrow]}, Groupings=["AGENT_STATUS"])
    refused("InvalidRequestException", "contacts", name="CONTACTS_IN_QUEUE", Groupings=["AGENT_STATUS"])
    refused("InvalidRequestException", "RoutingProfiles", name="CONTACTS_IN_QUEUE", Groupings=["ROUTING_PROFILE"])
    refused("InvalidRequestException", "QUEUE", name="ESTIMATED_WAIT_TIME", unit="SECONDS")
    refused("InvalidParameterException", "SECONDS", name="OLDEST_CONTACT_AGE")
    refused("InvalidRequestException", "MetricId", CurrentMetrics=[{"MetricId": absent_id()}])
    refused("InvalidRequestException", "sorted", SortCriteria=[{"SortByMetric": "SLOTS_ACTIVE"}])
    many = [f"queue-{n}" for n in range(101)]
    refused("InvalidParameterException", "at most 100", {"Queues": many})
    refused("ResourceNotFoundException", "Instance not found", InstanceId=absent_id())


def test_tasks_of_one_moment_wait_in_the_order_in_which_they_came(clocked):
    instance = Instance.create(clocked)
    flow = instance.flow()
    tasks = [instance.task(ContactFlowId=flow) for _ in range(8)]
    for task in tasks:
        instance.when_queued(task)

    def place(task: str) -> float:
        answer = instance.get_contact_metrics(ContactId=task, Metrics=[{"Name": "POSITION_IN_QUEUE"}])
        return answer["MetricResults"][0]["Value"]["Number"]

    assert [place(task) for task in tasks] == list(range(1, 9))
