"""boto3 clients whose every answer is checked, and one Connect instance to test with."""

from __future__ import annotations

import itertools
import json
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

from harness import flows
from harness.answers import COMMON_ERRORS, AnswerChecker
from harness.server import ACCESS_KEY_ID, ACCOUNT, REGION, SECRET_ACCESS_KEY, Server

# How long a condition may take to become true where the server works on its own time, and how often it is looked at.
EVENTUALLY_SECONDS = 60
LOOK_SECONDS = 0.02

# A shorter text is in many messages by chance.
TELLING_LENGTH_MIN = 4

CHECKER = AnswerChecker()

# The operations whose input has no instance.
WITHOUT_INSTANCE = {
    "create_instance",
    "list_instances",
    "list_tags_for_resource",
    "tag_resource",
    "untag_resource",
}

_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix} {next(_numbers)}"


def client(server: Server, **config):
    """A boto3 client without retries, so that a refusal is seen at once and the first time."""
    config.setdefault("retries", {"total_max_attempts": 1})
    made = boto3.client(
        "connect",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=config.pop("aws_access_key_id", ACCESS_KEY_ID),
        aws_secret_access_key=config.pop("aws_secret_access_key", SECRET_ACCESS_KEY),
        # The file of the certificates that are trusted; None for those that botocore brings.
        verify=config.pop("verify", None),
        config=botocore.config.Config(read_timeout=60, connect_timeout=10, **config),
    )
    CHECKER.listen(made)
    return made


def eventually(condition, what: str = "the condition"):
    """Waits until `condition()` is true and answers its value."""
    end = time.monotonic() + EVENTUALLY_SECONDS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come true within {EVENTUALLY_SECONDS} s"
        time.sleep(LOOK_SECONDS)


def error_code(error: botocore.exceptions.ClientError) -> str:
    return error.response["Error"]["Code"]


class Instance:
    """One instance of its own, by the name of what a test wants from it.

    Attributes of the boto3 client take the instance id by themselves: `instance.list_queues()`.
    """

    def __init__(self, server: Server, instance_id: str, arn: str):
        self.server = server
        self.id = instance_id
        self.arn = arn
        self.client = client(server)
        # Sends what the caller gives, so that the server and not botocore judges it.
        self.unchecked = client(server, parameter_validation=False)

    @classmethod
    def create(cls, server: Server, alias: str | None = None) -> Instance:
        connect = client(server)
        answer = connect.create_instance(
            IdentityManagementType="CONNECT_MANAGED",
            InstanceAlias=alias or unique("tests").replace(" ", "-"),
            InboundCallsEnabled=True,
            OutboundCallsEnabled=True,
        )
        instance_id = answer["Id"]

        def active() -> bool:
            return connect.describe_instance(InstanceId=instance_id)["Instance"]["InstanceStatus"] == "ACTIVE"

        eventually(active, "the instance's status ACTIVE")
        return cls(server, instance_id, answer["Arn"])

    def __getattr__(self, operation: str):
        method = getattr(self.client, operation)

        def call(**parameters):
            return method(**self._complete(operation, parameters))

        return call

    def _complete(self, operation: str, parameters: dict) -> dict:
        return parameters if operation in WITHOUT_INSTANCE else {"InstanceId": self.id, **parameters}

    def digest(self) -> str:
        """The digest once the instance is at rest: work started by earlier calls may still be under way."""
        last = self.server.digest(self.id)
        for _ in range(200):
            digest = self.server.digest(self.id)
            if digest == last:
                return digest
            last = digest
        raise AssertionError(f"the instance {self.id} does not come to rest")

    def refused(self, exception: str, part: str | None, operation: str, **parameters) -> dict:
        """Asserts that the call is refused with this exception, that the message holds `part`, and that nothing changed.

        Without a part it holds one of the values that were given: it names what was not found, or was wrong. Answers the
        parsed error, for tests that look at more of it.
        """
        before = self.digest()
        typed = self._exception_class(exception)
        with pytest.raises(typed) as caught:
            getattr(self.unchecked, operation)(**self._complete(operation, parameters))
        response = caught.value.response
        assert error_code(caught.value) == exception, response
        message = told(response)
        parts = texts_of(parameters) if part is None else [part]
        assert any(part.lower() in message.lower() for part in parts), f"none of {parts} is in {message}"
        after = self.digest()
        assert before == after, f"a refused {operation} changed the instance"
        return response

    def _exception_class(self, exception: str):
        if exception in COMMON_ERRORS and not hasattr(self.unchecked.exceptions, exception):
            return botocore.exceptions.ClientError
        return getattr(self.unchecked.exceptions, exception)

    def pages(self, operation: str, key: str, size: int, **parameters) -> list[list]:
        """All pages of a list, by the SDK's own paginator where it has one."""
        parameters.setdefault("InstanceId", self.id)
        paginator = self.client.get_paginator(operation)
        pages = paginator.paginate(PaginationConfig={"PageSize": size}, **parameters)
        return [page[key] for page in pages]

    def arn_of(self, middle: str, resource_id: str) -> str:
        return f"{self.arn}/{middle}/{resource_id}"

    # What a new instance has, by name.

    def queue_id(self, name: str = "BasicQueue") -> str:
        found = self.list_queues(QueueTypes=["STANDARD"])["QueueSummaryList"]
        return next(queue["Id"] for queue in found if queue["Name"] == name)

    def hours_id(self, name: str = "Basic Hours") -> str:
        found = self.list_hours_of_operations()["HoursOfOperationSummaryList"]
        return next(hours["Id"] for hours in found if hours["Name"] == name)

    def default_flow_id(self, name: str) -> str:
        found = self.list_contact_flows()["ContactFlowSummaryList"]
        return next(flow["Id"] for flow in found if flow["Name"] == name)

    def routing_profile_id(self, name: str = "Basic Routing Profile") -> str:
        found = self.list_routing_profiles()["RoutingProfileSummaryList"]
        return next(profile["Id"] for profile in found if profile["Name"] == name)

    def security_profile_id(self, name: str = "Agent") -> str:
        found = self.list_security_profiles()["SecurityProfileSummaryList"]
        return next(profile["Id"] for profile in found if profile["Name"] == name)

    # Short ways to make things.

    def flow(self, content: str | None = None, **parameters) -> str:
        """Creates a flow; without content, one that queues the task in BasicQueue."""
        parameters.setdefault("Name", unique("flow"))
        parameters.setdefault("Type", "CONTACT_FLOW")
        parameters["Content"] = content or flows.into_queue(self.queue_id())
        return self.create_contact_flow(**parameters)["ContactFlowId"]

    def queue(self, **parameters) -> str:
        parameters.setdefault("Name", unique("queue"))
        parameters.setdefault("HoursOfOperationId", self.hours_id())
        return self.create_queue(**parameters)["QueueId"]

    def user(self, **parameters) -> str:
        parameters.setdefault("Username", unique("user").replace(" ", "."))
        parameters.setdefault("Password", "A-password-2026")
        parameters.setdefault("IdentityInfo", {"FirstName": "Ann", "LastName": "Example"})
        parameters.setdefault("PhoneConfig", {"PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 0})
        parameters.setdefault("SecurityProfileIds", [self.security_profile_id()])
        parameters.setdefault("RoutingProfileId", self.routing_profile_id())
        return self.create_user(**parameters)["UserId"]

    def user_arn(self, user_id: str) -> str:
        return self.arn_of("agent", user_id)

    def quick_connect(self, config: dict | None = None, **parameters) -> str:
        """Creates a quick connect; without a configuration, one to BasicQueue."""
        parameters.setdefault("Name", unique("quick connect"))
        parameters["QuickConnectConfig"] = config or {
            "QuickConnectType": "QUEUE",
            "QueueConfig": {
                "QueueId": self.queue_id(),
                "ContactFlowId": self.default_flow_id("Default queue transfer"),
            },
        }
        return self.create_quick_connect(**parameters)["QuickConnectId"]

    def template(self, fields: list[dict] | None = None, **parameters) -> str:
        """Creates a task template; without fields, one with a NAME field. Give ContactFlowId for one with a flow."""
        parameters.setdefault("Name", unique("template"))
        parameters["Fields"] = fields or [field("Task name", "NAME")]
        return self.create_task_template(**parameters)["Id"]

    def store_attachments(self) -> None:
        """Associates the storage that attachments need (R25)."""
        self.associate_instance_storage_config(
            ResourceType="ATTACHMENTS",
            StorageConfig={
                "StorageType": "S3",
                "S3Config": {"BucketName": "attachments", "BucketPrefix": "connect/tests"},
            },
        )

    # Tasks.

    def task(self, **parameters) -> str:
        parameters.setdefault("Name", "a task")
        return self.start_task_contact(**parameters)["ContactId"]

    def contact(self, contact_id: str) -> dict:
        return self.describe_contact(ContactId=contact_id)["Contact"]

    def attributes(self, contact_id: str) -> dict:
        return self.get_contact_attributes(InitialContactId=contact_id)["Attributes"]

    def references(self, contact_id: str, *types: str) -> dict[str, dict]:
        """The references of these types (at most 6 a call), by name."""
        answer = self.list_contact_references(ContactId=contact_id, ReferenceTypes=list(types))
        return {summary["Name"]: summary for entry in answer["ReferenceSummaryList"] for summary in entry.values()}

    def eventually_attachment(self, contact_id: str, name: str) -> dict:
        """The attachment once it is no longer under way."""

        def look():
            found = self.references(contact_id, "ATTACHMENT")[name]
            return found if found["Status"] != "PROCESSING" else None

        return eventually(look, f"the end of the download of {name}")

    def when(self, contact_id: str, condition, what: str) -> dict:
        """Waits until the contact fulfils the condition and answers it."""

        def look():
            contact = self.contact(contact_id)
            return contact if condition(contact) else None

        return eventually(look, what)

    def when_queued(self, contact_id: str) -> dict:
        return self.when(contact_id, lambda contact: "EnqueueTimestamp" in contact.get("QueueInfo", {}), "queued")

    def when_ended(self, contact_id: str) -> dict:
        return self.when(contact_id, lambda contact: "DisconnectTimestamp" in contact, "ended")


def told(response: dict) -> str:
    """All that an error says besides its type."""
    members = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    members["Error"] = response["Error"].get("Message", "")
    return json.dumps(members, ensure_ascii=False)


def texts_of(value) -> list[str]:
    """The texts in a value, however deep, but for those so short that they are in everything."""
    if isinstance(value, str):
        return [value] if len(value) >= TELLING_LENGTH_MIN else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in inner for text in texts_of(part)]


def field(name: str, kind: str, **members) -> dict:
    """One field of a task template."""
    return {"Id": {"Name": name}, "Type": kind, **members}


def field_ids(*names: str) -> list[dict]:
    return [{"Id": {"Name": name}} for name in names]


def defaults(**values: str) -> dict:
    """Default values of a template's fields."""
    return {"DefaultFieldValues": [{"Id": {"Name": name}, "DefaultValue": value} for name, value in values.items()]}


def instance_arn(instance_id: str) -> str:
    return f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{instance_id}"


def absent_id() -> str:
    """A well-formed id of nothing."""
    return f"00000000-0000-4000-8000-{next(_numbers):012d}"
