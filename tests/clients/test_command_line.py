"""AWS CLI version 1, unmodified: the story, other operations, an error's text and exit code, JSON parameters."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from harness import flows
from harness.connect import absent_id, unique
from harness.server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

AWS = pathlib.Path(sys.executable).with_name("aws")
# The exit code of version 1 for an error that the service answers.
REFUSED = 255


@pytest.fixture(scope="module")
def aws(server, tmp_path_factory):
    """Calls `aws connect ...` and answers its parsed output; `code` is the exit code that it must have."""
    home = tmp_path_factory.mktemp("home")
    environment = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(home),
        "PATH": os.environ["PATH"],
    }

    def call(*arguments: str, code: int = 0):
        command = [str(AWS), "--endpoint-url", server.url, "--output", "json", "connect", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        if code:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return call


def test_the_story(aws, instance):
    flow = instance.flow()
    start = (
        "start-task-contact",
        "--instance-id",
        instance.id,
        "--contact-flow-id",
        flow,
        "--name",
        "Call the customer back",
        "--attributes",
        "priority=high,order=12",
        "--references",
        json.dumps({"page": {"Value": "https://example.com/12", "Type": "URL"}}),
        "--client-token",
        unique("token"),
    )
    contact_id = aws(*start)["ContactId"]
    assert aws(*start)["ContactId"] == contact_id
    instance.when_queued(contact_id)
    contact = aws("describe-contact", "--instance-id", instance.id, "--contact-id", contact_id)["Contact"]
    assert contact["Name"] == "Call the customer back"
    assert contact["Attributes"] == {"priority": "high", "order": "12"}
    assert contact["QueueInfo"]["Id"] == instance.queue_id()
    assert contact["QueueInfo"]["EnqueueTimestamp"]
    assert aws("stop-contact", "--instance-id", instance.id, "--contact-id", contact_id) is None


def test_other_operations(aws, instance, tmp_path):
    assert aws("describe-instance", "--instance-id", instance.id)["Instance"]["Arn"] == instance.arn
    queues = aws("list-queues", "--instance-id", instance.id, "--queue-types", "STANDARD", "--page-size", "1")
    assert "BasicQueue" in [queue["Name"] for queue in queues["QueueSummaryList"]]
    content = tmp_path / "flow.json"
    content.write_text(flows.waiting())
    created = aws(
        *("create-contact-flow", "--instance-id", instance.id, "--name", unique("flow"), "--type", "CONTACT_FLOW"),
        *("--content", f"file://{content}"),
    )
    contact_id = instance.task(ContactFlowId=created["ContactFlowId"])
    named = ("--instance-id", instance.id, "--contact-id", contact_id)
    assert aws("update-contact", *named, "--name", "renamed") is None
    assert aws("tag-contact", *named, "--tags", "team=blue") is None
    assert aws("untag-contact", *named, "--tag-keys", "team") is None
    attributes = ("--instance-id", instance.id, "--initial-contact-id", contact_id)
    assert aws("update-contact-attributes", *attributes, "--attributes", "a=1") is None
    assert aws("get-contact-attributes", *attributes)["Attributes"] == {"a": "1"}
    assert aws("list-contact-references", *named, "--reference-types", "URL", "STRING")["ReferenceSummaryList"] == []
    queue_arn = instance.arn_of("queue", instance.queue_id())
    assert aws("tag-resource", "--resource-arn", queue_arn, "--tags", "team=blue") is None
    assert aws("list-tags-for-resource", "--resource-arn", queue_arn)["tags"] == {"team": "blue"}


def test_errors(aws, instance):
    text = aws("describe-contact", "--instance-id", instance.id, "--contact-id", absent_id(), code=REFUSED)
    assert "An error occurred (ResourceNotFoundException) when calling the DescribeContact operation: " in text
    start = ("start-task-contact", "--instance-id", instance.id, "--name", "none")
    text = aws(*start, code=REFUSED)
    assert "An error occurred (InvalidRequestException) when calling the StartTaskContact operation: " in text
    assert "unique flow" in text
    text = aws("list-queues", "--instance-id", absent_id(), code=REFUSED)
    assert "Instance not found" in text
    broken = ("create-contact-flow", "--instance-id", instance.id, "--name", unique("x"), "--type", "CONTACT_FLOW")
    text = aws(
        *broken, "--content", json.dumps({"Version": flows.VERSION, "StartAction": "a", "Actions": []}), code=REFUSED
    )
    assert "InvalidContactFlowException" in text
