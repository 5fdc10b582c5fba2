"""Quick connects: create, describe, list, delete."""

from harness import flows
from harness.connect import absent_id, unique

CREATE = "create_quick_connect"


def configs(instance) -> dict[str, dict]:
    return {
        "USER": {
            "QuickConnectType": "USER",
            "UserConfig": {
                "UserId": instance.user(),
                "ContactFlowId": instance.default_flow_id("Default agent transfer"),
            },
        },
        "QUEUE": {
            "QuickConnectType": "QUEUE",
            "QueueConfig": {
                "QueueId": instance.queue_id(),
                "ContactFlowId": instance.default_flow_id("Default queue transfer"),
            },
        },
        "PHONE_NUMBER": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+14155550100"}},
        "FLOW": {"QuickConnectType": "FLOW", "FlowConfig": {"ContactFlowId": instance.flow(flows.waiting())}},
    }


def test_every_kind_comes_back_as_it_was_given(instance):
    for config in configs(instance).values():
        name = unique("quick connect")
        created = instance.create_quick_connect(
            Name=name, Description="what for", QuickConnectConfig=config, Tags={"team": "blue"}
        )
        assert created["QuickConnectARN"] == instance.arn_of("transfer-destination", created["QuickConnectId"])
        for reference in (created["QuickConnectId"], created["QuickConnectARN"]):
            shown = instance.describe_quick_connect(QuickConnectId=reference)["QuickConnect"]
            assert shown["QuickConnectId"] == created["QuickConnectId"]
            assert (shown["Name"], shown["Description"]) == (name, "what for")
            assert shown["QuickConnectConfig"] == config
            assert shown["Tags"] == {"team": "blue"}


def test_lists(fresh):
    made = {kind: fresh.quick_connect(config) for kind, config in configs(fresh).items()}
    pages = fresh.pages("list_quick_connects", "QuickConnectSummaryList", 3)
    assert [len(page) for page in pages] == [3, 1]
    found = {entry["QuickConnectType"]: entry for page in pages for entry in page}
    assert {kind: entry["Id"] for kind, entry in found.items()} == made
    assert found["QUEUE"]["Arn"] == fresh.arn_of("transfer-destination", made["QUEUE"])
    some = fresh.list_quick_connects(QuickConnectTypes=["USER", "QUEUE"])["QuickConnectSummaryList"]
    assert {entry["Id"] for entry in some} == {made["USER"], made["QUEUE"]}
    listing = "list_quick_connects"
    fresh.refused("InvalidParameterException", "NextToken", listing, NextToken="nonsense")
    fresh.refused("InvalidParameterException", "QuickConnectTypes", listing, QuickConnectTypes=["NOVEL"])
    fresh.refused("ResourceNotFoundException", "Instance not found", listing, InstanceId=absent_id())


def test_a_deleted_one_is_gone(instance):
    name = unique("short-lived")
    made = instance.quick_connect(Name=name)
    instance.delete_quick_connect(QuickConnectId=made)
    instance.refused("ResourceNotFoundException", None, "describe_quick_connect", QuickConnectId=made)
    instance.refused("ResourceNotFoundException", None, "delete_quick_connect", QuickConnectId=made)
    instance.refused("ResourceNotFoundException", None, "start_task_contact", Name="x", QuickConnectId=made)
    instance.quick_connect(Name=name)


def test_refused_creations(instance):
    good = configs(instance)
    taken = unique("taken")
    instance.quick_connect(good["QUEUE"], Name=taken)
    call = {"Name": unique("quick connect"), "QuickConnectConfig": good["QUEUE"]}

    def refused(exception, part, **change):
        instance.refused(exception, part, CREATE, **call | change)

    def queue(**change):
        return {"QuickConnectType": "QUEUE", "QueueConfig": good["QUEUE"]["QueueConfig"] | change}

    def user(**change):
        return {"QuickConnectType": "USER", "UserConfig": good["USER"]["UserConfig"] | change}

    refused("DuplicateResourceException", "already exists", Name=taken)
    refused("InvalidParameterException", "Name", Name="n" * 128)
    refused("InvalidParameterException", "QuickConnectType", QuickConnectConfig={"QuickConnectType": "NOVEL"})
    # A kind without its configuration, and one with another's.
    refused("InvalidRequestException", "QueueConfig", QuickConnectConfig={"QuickConnectType": "QUEUE"})
    refused("InvalidRequestException", "UserConfig", QuickConnectConfig=good["QUEUE"] | {"QuickConnectType": "USER"})
    refused("ResourceNotFoundException", "queue", QuickConnectConfig=queue(QueueId=absent_id()))
    refused("ResourceNotFoundException", "flow", QuickConnectConfig=queue(ContactFlowId=absent_id()))
    refused("ResourceNotFoundException", "user", QuickConnectConfig=user(UserId=absent_id()))
    # The flow's type must be that of the transfer.
    inbound = instance.flow(flows.waiting())
    refused("InvalidRequestException", "QUEUE_TRANSFER", QuickConnectConfig=queue(ContactFlowId=inbound))
    refused("InvalidRequestException", "AGENT_TRANSFER", QuickConnectConfig=user(ContactFlowId=inbound))
    phone = {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "a neighbour"}}
    refused("InvalidParameterException", "PhoneNumber", QuickConnectConfig=phone)
    refused("ResourceNotFoundException", "Instance not found", InstanceId=absent_id())
    instance.refused("ResourceNotFoundException", None, "describe_quick_connect", QuickConnectId=absent_id())
