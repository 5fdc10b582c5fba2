"""`callboard flow import`: flows of elsewhere, with what they refer to, into an instance."""

import json

from harness.connect import Instance
from harness.flows import action, content, end, set_queue, stay, to_queue
from harness.server import Server, callboard

ELSEWHERE = "arn:aws:connect:eu-west-1:111122223333:instance/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
QUEUE = f"{ELSEWHERE}/queue/5cba7cbf-1ecb-4b6d-b8bd-fe91079b3fc8"
MAIN, SECOND = (f"{ELSEWHERE}/contact-flow/0000000{n}-1ecb-4b6d-b8bd-fe91079b3fc8" for n in (1, 2))
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:look-up"


def transfer(identifier: str, flow: str, then: str) -> dict:
    errors = {"NoMatchingError": then}
    return action(identifier, "TransferToFlow", {"ContactFlowId": flow}, then=then, errors=errors)


def described(arn: str, name: str, text: str) -> str:
    flow = {"Arn": arn, "Id": arn.rsplit("/", 1)[1], "Name": name, "Type": "CONTACT_FLOW", "Content": text}
    return json.dumps({"ContactFlow": flow})


def named(text: str, action_id: str, parameter: str, name: str) -> str:
    """A content with the metadata that the console writes."""
    metadata = {"ActionMetadata": {action_id: {"parameters": {parameter: {"displayName": name}}}}}
    return json.dumps(json.loads(text) | {"Metadata": metadata})


class Project:
    """A folder of flow files, and the instance that they go to."""

    def __init__(self, instance: Instance, folder):
        self.instance, self.folder, self.files = instance, folder, []

    def add(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        self.files.append(path)

    def load(self, *flags: str, code: int = 0) -> list[str]:
        place = ("--data-dir", self.instance.server.data_dir, "--instance", self.instance.id)
        return callboard("flow", "import", *place, *flags, *self.files, code=code).splitlines()

    def flow(self, name: str) -> str:
        return self.instance.default_flow_id(name)

    def run(self, name: str) -> dict:
        task = self.instance.task(ContactFlowId=self.flow(name))
        self.instance.when_queued(task)
        return self.instance.contact(task)


def test_flows_come_with_what_they_refer_to(fresh, tmp_path):
    project = Project(fresh, tmp_path)
    first = content(
        action("log", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": "Enabled"}, then="call"),
        action(
            "call",
            "InvokeLambdaFunction",
            {"LambdaFunctionARN": FUNCTION, "InvocationTimeLimitSeconds": "3"},
            then="go",
            errors={"NoMatchingError": "go"},
        ),
        transfer("go", SECOND, "end"),
        end(),
    )
    second = named(content(set_queue("set", QUEUE, "queue"), to_queue(), end()), "set", "QueueId", "Orders")
    project.add("main.json", described(MAIN, "Main", first))
    project.add("second.json", described(SECOND, "Second", second))
    told = project.load()
    assert sum(line.startswith("published CONTACT_FLOW") for line in told) == 2, told
    assert any(line.startswith('created queue "Orders"') for line in told), told
    assert any(line.startswith("note: function " + FUNCTION) for line in told), told
    assert project.run("Main")["QueueInfo"]["Id"] == fresh.queue_id("Orders")
    # Byte for byte.
    assert fresh.describe_contact_flow(ContactFlowId=project.flow("Second"))["ContactFlow"]["Content"] == second
    before = fresh.digest()
    again = project.load()
    assert [line for line in again if not line.startswith("note: ")] == [
        f'unchanged: CONTACT_FLOW "Main" ({project.flow("Main")})',
        f'unchanged: CONTACT_FLOW "Second" ({project.flow("Second")})',
    ]
    assert fresh.digest() == before
    # A new content is published under the same id.
    project.add("second.json", described(SECOND, "Second", content(stay(), end())))
    flow = project.flow("Second")
    assert f'published CONTACT_FLOW "Second" ({flow}) anew' in project.load()


def test_a_stand_in_is_what_has_the_name(fresh, tmp_path):
    project = Project(fresh, tmp_path)
    text = content(set_queue("set", QUEUE, "queue"), to_queue(), end())
    project.add("flow.json", named(text, "set", "QueueId", "BasicQueue"))
    told = project.load("--type", "CONTACT_FLOW")
    assert f"mapped queue {QUEUE} to {fresh.queue_id()}" in told
    assert not any(line.startswith("created") for line in told), told
    assert project.run("flow")["QueueInfo"]["Id"] == fresh.queue_id()


def test_modules_hours_hooks_prompts_and_placeholders(fresh, tmp_path):
    project = Project(fresh, tmp_path)
    errors = {"NoMatchingError": "end"}
    hook = {"EventHooks": {"CustomerQueue": f"{ELSEWHERE}/contact-flow/22222222-1ecb-4b6d-b8bd-fe91079b3fc8"}}
    module = {"FlowModuleId": f"{ELSEWHERE}/flow-module/11111111-1ecb-4b6d-b8bd-fe91079b3fc8:$LATEST"}
    hours = {"HoursOfOperationId": "{{hours.shop}}"}
    prompt = {"PromptId": f"{ELSEWHERE}/prompt/33333333-1ecb-4b6d-b8bd-fe91079b3fc8"}
    opened = [("Equals", "True", "say"), ("Equals", "False", "say")]
    text = content(
        action("hook", "UpdateContactEventHooks", hook, then="module", errors=errors),
        action("module", "InvokeFlowModule", module, then="hours", errors=errors),
        action("hours", "CheckHoursOfOperation", hours, then="say", errors=errors, conditions=opened),
        action("say", "MessageParticipant", prompt, then="set", errors=errors),
        set_queue("set", "{{queues.orders}}", "queue"),
        to_queue(),
        end(),
    )
    wrapped = {"Name": "Wrapped", "Type": "CONTACT_FLOW", "Content": text}
    project.add("wrapped.json", json.dumps(wrapped))
    told = project.load()
    created = sorted(line.split(" ", 2)[1] for line in told if line.startswith("created"))
    assert created == ["flow", "flow", "hours", "queue"], told
    assert project.run("Wrapped")["QueueInfo"]["Id"] == fresh.queue_id("queue {{queues.orders}}")
    assert project.load() == [f'unchanged: CONTACT_FLOW "Wrapped" ({project.flow("Wrapped")})']


def test_what_cannot_be_imported_is_told_and_the_others_are(fresh, tmp_path):
    project = Project(fresh, tmp_path)
    project.add("broken.json", "{")
    wrong = content(action("a", "NoSuchAction", then="end"), end())
    project.add("wrong.json", json.dumps({"Name": "Wrong", "Type": "CONTACT_FLOW", "Content": wrong}))
    project.add("good.json", json.dumps({"Name": "Good", "Type": "CONTACT_FLOW", "Content": content(end())}))
    project.files.insert(1, tmp_path / "missing.json")
    told = project.load(code=1)
    assert told[0] == f"error: read {tmp_path}/missing.json: No such file or directory (os error 2)"
    assert told[-1] == "3 of 4 files could not be imported"
    checked = callboard("flow", "check", *project.files, code=1)
    assert "error: read " in checked
    assert checked.endswith("4 files checked, 3 problems\n"), checked
    assert any("broken.json: " in line and line.startswith("error: ") for line in told), told
    assert any("InvalidContactFlowException: Invalid Action type" in line for line in told), told
    assert any(line.startswith('published CONTACT_FLOW "Good"') for line in told), told


def test_without_a_server(tmp_path):
    server = Server(tmp_path / "server", test_clock=True).start()
    instance = Instance.create(server, alias="imported")
    server.stop()
    project = Project(instance, tmp_path)
    project.add("flow.json", content(stay(), end()))
    place = ("--data-dir", server.data_dir, "--type", "CONTACT_FLOW")
    told = callboard("flow", "import", *place, "--instance", "imported", *project.files)
    assert told.startswith('published CONTACT_FLOW "flow"')
    assert "give its id, ARN or alias" in callboard(
        "flow", "import", *place, "--instance", "elsewhere", *project.files, code=1
    )
