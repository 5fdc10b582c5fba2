"""Functions that flows call: by the Lambda Invoke API, at a URL, as a command. What the server asks for is judged by
botocore's signer, and what flows do with the answers by the contact's attributes."""

import json
import pathlib
import sys
import threading

import pytest

from harness.connect import Instance, eventually
from harness.flows import action, content, end, set_attributes, stay
from harness.functions import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Answer, FunctionServer
from harness import server as servers
from harness.server import CONFIG, REGION, Server, ServerError

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:"

EXAMPLE = """
[function_calls]
per_function_max = 2
access_key_id = "{key_id}"
secret_access_key = "{secret}"

[functions]
"{arn}*" = {{ lambda = "{url}" }}
near = {{ lambda = "{url}" }}
other-name = {{ lambda = "{url}", function = "{arn}real:live", region = "us-west-2" }}
"url-*" = {{ url = "{url}/answering?secret=1" }}
nobody = {{ url = "http://127.0.0.1:1/" }}
tariff = {{ command = ["{python}", "{tariff}"] }}
endless = {{ command = ["sh", "-c", "sleep 1000 & echo $! > {folder}/endless.pid; wait"] }}
environment = {{ command = ["sh", "-c", "env > {folder}/environment; echo '{{}}'"] }}
"""

TARIFF = """
import json, os, sys
event = json.load(sys.stdin)
kilos = int(event["Details"]["Parameters"]["kilos"])
json.dump({"price": kilos * 2, "id": os.environ["CALLBOARD_INVOCATION_ID"]}, sys.stdout)
"""


def configuration(folder: pathlib.Path, functions: FunctionServer) -> str:
    tariff = folder / "tariff.py"
    tariff.write_text(TARIFF)
    return CONFIG + EXAMPLE.format(
        arn=ARN,
        url=functions.url,
        key_id=ACCESS_KEY_ID,
        secret=SECRET_ACCESS_KEY,
        python=sys.executable,
        tariff=tariff,
        folder=folder,
    )


@pytest.fixture(scope="module")
def functions():
    running = FunctionServer()
    yield running
    running.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="module")
def calling(folder, functions):
    """An instance on virtual time, which waits for the calls that are under way."""
    server = Server(folder / "server", test_clock=True, config=configuration(folder, functions)).start()
    yield Instance.create(server)
    assert server.stop() == 0


def invoke(function: str, seconds: int = 8, parameters: dict | None = None, **given) -> dict:
    fields = {"LambdaFunctionARN": function, "InvocationTimeLimitSeconds": str(seconds)} | given
    if parameters is not None:
        fields["LambdaInvocationAttributes"] = parameters
    return action("call", "InvokeLambdaFunction", fields, then="answered", errors={"NoMatchingError": "failed"})


def calls(function: str, then: dict | None = None, **given) -> str:
    """A flow that calls a function and keeps what came of it."""
    values = then or {"answer": "$.External"}
    return content(
        invoke(function, **given),
        set_attributes("answered", "stay", outcome="answered", **values),
        set_attributes("failed", "stay", outcome="failed"),
        stay(),
        end(),
    )


def allowed(instance, flow: str) -> str:
    """Makes the flow, and lets the flows of the instance call what it calls."""
    actions = json.loads(flow)["Actions"]
    called = {it["Parameters"]["LambdaFunctionARN"] for it in actions if it["Type"] == "InvokeLambdaFunction"}
    known = {arn for page in instance.pages("list_lambda_functions", "LambdaFunctions", 25) for arn in page}
    for arn in called - known:
        instance.associate_lambda_function(FunctionArn=arn)
    return instance.flow(flow)


@pytest.fixture
def run(calling):
    """Runs a flow of these actions and answers the task's attributes once the flow rests."""

    def start(flow: str, **task) -> dict:
        contact = calling.task(ContactFlowId=allowed(calling, flow), **task)
        calling.server.advance(1)
        return calling.attributes(contact) | {"contact": contact}

    return start


def test_a_function_decides_which_way_a_task_goes(calling, functions, run):
    functions.functions["tier"] = lambda call: {
        "tier": {"name": "gold" if call.event["Details"]["Parameters"]["customer"] == "C-1" else "none"}
    }
    flow = content(
        invoke(
            f"{ARN}tier",
            parameters={"customer": "$.Attributes.customer"},
            ResponseValidation={"ResponseType": "JSON"},
        ),
        action(
            "answered",
            "Compare",
            {"ComparisonValue": "$.External.tier.name"},
            then="failed",
            errors={"NoMatchingCondition": "failed"},
            conditions=[("Equals", "gold", "gold")],
        ),
        set_attributes("gold", "stay", way="gold"),
        set_attributes("failed", "stay", way="other"),
        stay(),
        end(),
    )
    gold = run(flow, Attributes={"customer": "C-1"}, Name="Order 12")
    assert gold["way"] == "gold"
    assert run(flow, Attributes={"customer": "C-2"})["way"] == "other"
    call = functions.calls("tier")[0]
    assert call.path == "/2015-03-31/functions/tier/invocations"
    assert call.headers["x-amz-invocation-type"] == "RequestResponse"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["x-callboard-function"] == f"{ARN}tier"
    # The region of the ARN is signed for.
    assert "/eu-central-1/lambda/aws4_request" in call.headers["authorization"]
    assert call.event["Name"] == "ContactFlowEvent"
    data = call.event["Details"]["ContactData"]
    assert (data["ContactId"], data["Channel"], data["Name"]) == (gold["contact"], "TASK", "Order 12")
    assert data["InstanceARN"] == calling.arn
    assert data["Attributes"] == {"customer": "C-1"}


def test_versions_and_other_names(functions, run):
    functions.functions["versioned"] = functions.functions["near"] = lambda _: {}
    functions.functions[f"{ARN}real"] = lambda _: {}
    assert run(calls(f"{ARN}versioned:7"))["outcome"] == "answered"
    assert functions.calls("versioned")[0].path.endswith("/versioned/invocations?Qualifier=7")
    assert run(calls("near"))["outcome"] == "answered"
    assert f"/{REGION}/lambda/aws4_request" in functions.calls("near")[0].headers["authorization"]
    assert run(calls("other-name"))["outcome"] == "answered"
    call = functions.calls(f"{ARN}real")[0]
    assert call.path.endswith("%3Areal/invocations?Qualifier=live")
    assert "/us-west-2/lambda/aws4_request" in call.headers["authorization"]


def test_a_throttled_or_failing_endpoint_is_asked_again(functions, run):
    answers = [Answer(b"", 429), Answer({"Message": "busy"}, 503), Answer({"tries": "3"})]
    functions.functions["busy"] = lambda _: answers.pop(0)
    assert run(calls(f"{ARN}busy", {"tries": "$.External.tries"}))["tries"] == "3"
    assert len({call.id for call in functions.calls("busy")}) == 1
    functions.functions["down"] = lambda _: Answer(b"", 500)
    assert run(calls(f"{ARN}down"))["outcome"] == "failed"
    assert len(functions.calls("down")) == 4


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (
            "raises",
            Answer(
                {"errorType": "ValueError", "errorMessage": "no"}, headers={"X-Amz-Function-Error": "Unhandled"}
            ),
        ),
        ("missing", Answer({"Message": "Function not found"}, 404)),
        ("long", Answer({"text": "x" * 33_000})),
        ("binary", Answer(b"\xff\xfe")),
        ("list", Answer(b"[]")),
        ("nested", Answer({"a": {"b": 1}})),
        ("redirects", Answer(b"", 302, {"Location": "http://127.0.0.1:1/"})),
    ],
)
def test_what_is_no_answer_takes_the_error_branch_at_once(functions, run, name, answer):
    functions.functions[name] = lambda _: answer
    assert run(calls(f"{ARN}{name}"))["outcome"] == "failed"
    assert len(functions.calls(name)) == 1


def test_a_function_that_is_not_configured_is_not_called(run):
    assert run(calls("arn:aws:lambda:eu-central-1:999999999999:function:elsewhere"))["outcome"] == "failed"
    assert run(calls("nobody"))["outcome"] == "failed"


def test_a_url(functions, run):
    functions.functions["answering"] = lambda call: {"said": call.headers["x-callboard-function"]}
    attributes = run(calls("url-1", {"said": "$.External.said"}))
    assert attributes["said"] == "url-1"
    assert functions.calls("answering")[0].path == "/answering?secret=1"


def test_a_command(run):
    flow = calls("tariff", {"price": "$.External.price", "id": "$.External.id"}, parameters={"kilos": "$.Attributes.kilos"})
    first = run(flow, Attributes={"kilos": "21"})
    assert first["price"] == "42"
    assert first["id"]
    assert run(flow, Attributes={"kilos": "1"})["id"] != first["id"]
    assert run(flow, Attributes={"kilos": "many"})["outcome"] == "failed"


def test_a_command_knows_nothing_of_the_secrets_of_the_server(folder, run):
    assert run(calls("environment"))["outcome"] == "answered"
    seen = (folder / "environment").read_text()
    assert "CALLBOARD_INVOCATION_ID=" in seen
    assert "CALLBOARD_ROOT" not in seen
    assert servers.SECRET_ACCESS_KEY not in seen


def test_a_command_is_killed_with_all_that_it_started(folder, run):
    assert run(calls("endless", seconds=1))["outcome"] == "failed"
    started = int((folder / "endless.pid").read_text())

    def gone() -> bool:
        try:
            # A process that nobody has waited for yet is dead all the same.
            return pathlib.Path(f"/proc/{started}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    eventually(gone, "the end of what the command had started")


def test_a_function_has_so_much_time_and_no_more(functions, run):
    over = threading.Event()
    functions.functions["slow"] = lambda _: over.wait(60) and {}
    try:
        assert run(calls(f"{ARN}slow", seconds=1))["outcome"] == "failed"
    finally:
        over.set()


def test_an_asynchronous_call_holds_nothing_up(functions, run):
    functions.functions["told"] = functions.functions["answering"] = lambda _: {"not": "kept"}
    asynchronous = {"InvocationType": "ASYNCHRONOUS"}
    attributes = run(calls(f"{ARN}told", {"kept": "[$.External.not]"}, **asynchronous))
    assert (attributes["outcome"], attributes["kept"]) == ("answered", "[]")
    assert functions.wait_for("told")[0].headers["x-amz-invocation-type"] == "Event"
    before = len(functions.calls("answering"))
    assert run(calls("url-2", {"kept": "[$.External.not]"}, **asynchronous))["outcome"] == "answered"
    functions.wait_for("answering", before + 1)


def test_a_function_that_is_not_allowed_is_not_called(calling, functions):
    functions.functions["secret"] = lambda _: {}

    def outcome(called: str) -> str:
        task = calling.task(ContactFlowId=calling.flow(calls(called)))
        calling.server.advance(1)
        return calling.attributes(task)["outcome"]

    assert outcome(f"{ARN}secret") == "failed"
    calling.associate_lambda_function(FunctionArn=f"{ARN}secret:7")
    assert outcome(f"{ARN}secret") == "failed"
    assert functions.calls("secret") == []
    assert outcome(f"{ARN}secret:7") == "answered"
    calling.associate_lambda_function(FunctionArn=f"{ARN}secret")
    assert [outcome(f"{ARN}secret"), outcome(f"{ARN}secret:8")] == ["answered", "answered"]
    calling.disassociate_lambda_function(FunctionArn=f"{ARN}secret")
    assert outcome(f"{ARN}secret:8") == "failed"


def test_a_slow_function_does_not_hold_up_others(folder, functions):
    """On the wall clock: virtual time waits for calls that are under way."""
    over = threading.Event()
    functions.functions["stuck"] = lambda _: over.wait(60) and {}
    functions.functions["quick"] = lambda _: {}
    server = Server(folder / "wall", config=configuration(folder, functions)).start()
    try:
        instance = Instance.create(server)
        stuck = allowed(instance, calls(f"{ARN}stuck"))
        waiting = [instance.task(ContactFlowId=stuck) for _ in range(4)]
        functions.wait_for("stuck", 2)
        quick = instance.task(ContactFlowId=allowed(instance, calls(f"{ARN}quick")))
        eventually(lambda: instance.attributes(quick).get("outcome") == "answered", "the quick function's answer")
        # Two have a place (per_function_max), the others wait for one.
        assert len(functions.calls("stuck")) == 2
        over.set()
        for task in waiting:
            eventually(lambda task=task: instance.attributes(task).get("outcome"), "the end of a call")
        metrics = server.metrics()
        assert f'callboard_function_calls_total{{function="{ARN}*",result="answered"}}' in metrics
    finally:
        over.set()
        server.stop()


def test_a_call_is_made_again_after_a_crash(folder, functions):
    over = threading.Event()
    asked = []

    def crashing(call):
        asked.append(call.id)
        if len(asked) == 1:
            over.wait(60)
        return {"times": str(len(asked))}

    functions.functions["crashing"] = crashing
    server = Server(folder / "crashing", config=configuration(folder, functions)).start()
    try:
        instance = Instance.create(server)
        flow = content(
            invoke(f"{ARN}crashing"),
            set_attributes("answered", "again", times="$.External.times", trail="$.Attributes.trail+"),
            set_attributes("failed", "stay", outcome="failed"),
            set_attributes("again", "stay", trail="$.Attributes.trail."),
            stay(),
            end(),
        )
        task = instance.task(ContactFlowId=allowed(instance, flow))
        functions.wait_for("crashing")
        server.kill()
        server.start()
        instance = Instance(server, instance.id, instance.arn)
        eventually(lambda: instance.attributes(task).get("trail") == "+.", "the flow going on once")
        assert len(asked) == 2
        assert len(set(asked)) == 1
        assert instance.attributes(task)["times"] == "2"
    finally:
        over.set()
        server.stop()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('score = { link = "x" }', "functions.score from file"),
        ('"a b" = { url = "http://h/" }', "is not usable; a key is the name or the ARN of a function"),
        ('score = { command = ["/no/such/program"] }', "give the path of a file that may be executed"),
    ],
)
def test_a_wrong_configuration_is_refused_at_the_start(tmp_path, entry, told):
    with pytest.raises(ServerError) as caught:
        Server(tmp_path, config=f"[functions]\n{entry}\n").start()
    assert told in str(caught.value)


def test_half_a_key_is_refused_at_the_start(tmp_path):
    with pytest.raises(ServerError) as caught:
        Server(tmp_path, config='[function_calls]\naccess_key_id = "AKIA"\n').start()
    assert "access_key_id and secret_access_key belong together" in str(caught.value)


def test_events_are_what_amazon_documents(functions, run, calling):
    functions.functions["whole"] = lambda _: {}
    attributes = run(calls(f"{ARN}whole", parameters={}), References={"page": {"Type": "URL", "Value": "https://e.org/"}})
    data = functions.calls("whole")[0].event["Details"]["ContactData"]
    assert data["References"] == {"page": {"Type": "URL", "Value": "https://e.org/"}}
    assert data["InitialContactId"] == attributes["contact"]
    assert data["PreviousContactId"] is None
    assert data["InitiationMethod"] == "API"
    assert data["Queue"] is None
    assert functions.calls("whole")[0].event["Details"]["Parameters"] == {}
