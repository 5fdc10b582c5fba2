"""The attributes of an instance, and changes of where it stores things."""

from harness.connect import absent_id

DEFAULTS = {
    "INBOUND_CALLS": "true",
    "OUTBOUND_CALLS": "true",
    "CONTACTFLOW_LOGS": "false",
    "CONTACT_LENS": "true",
    "AUTO_RESOLVE_BEST_VOICES": "true",
    "USE_CUSTOM_TTS_VOICES": "false",
    "EARLY_MEDIA": "true",
    "MULTI_PARTY_CONFERENCE": "false",
    "HIGH_VOLUME_OUTBOUND": "false",
    "ENHANCED_CONTACT_MONITORING": "false",
    "ENHANCED_CHAT_MONITORING": "false",
    "MULTI_PARTY_CHAT_CONFERENCE": "false",
    "MESSAGE_STREAMING": "false",
}


def test_attributes_of_an_instance(fresh):
    def listed() -> dict[str, str]:
        pages = fresh.pages("list_instance_attributes", "Attributes", 7)
        assert [len(page) for page in pages] == [7, 6]
        return {attribute["AttributeType"]: attribute["Value"] for page in pages for attribute in page}

    assert listed() == DEFAULTS
    assert len(fresh.list_instance_attributes()["Attributes"]) == 7
    fresh.update_instance_attribute(AttributeType="CONTACTFLOW_LOGS", Value="true")
    assert listed() == DEFAULTS | {"CONTACTFLOW_LOGS": "true"}
    shown = fresh.describe_instance_attribute(AttributeType="CONTACTFLOW_LOGS")["Attribute"]
    assert shown == {"AttributeType": "CONTACTFLOW_LOGS", "Value": "true"}
    described = fresh.describe_instance_attribute(AttributeType="CONTACT_LENS", InstanceId=fresh.arn)["Attribute"]
    assert described["Value"] == "true"

    update = "update_instance_attribute"
    voices = {"AttributeType": "USE_CUSTOM_TTS_VOICES", "Value": "true"}
    fresh.refused("AccessDeniedException", "not authorized to update", update, **voices)
    fresh.refused("InvalidParameterException", "true or false", update, AttributeType="CONTACT_LENS", Value="maybe")
    fresh.refused("InvalidParameterException", "AttributeType", update, AttributeType="NONE", Value="true")
    fresh.refused("InvalidParameterException", "NextToken", "list_instance_attributes", NextToken="nonsense")
    absent = {"InstanceId": absent_id(), "AttributeType": "CONTACT_LENS"}
    fresh.refused("ResourceNotFoundException", "Instance not found", update, **absent, Value="true")
    fresh.refused("ResourceNotFoundException", "Instance not found", "describe_instance_attribute", **absent)


def test_another_place_for_what_is_stored(fresh):
    def bucket(name: str) -> dict:
        return {"StorageType": "S3", "S3Config": {"BucketName": name, "BucketPrefix": "connect"}}

    made = fresh.associate_instance_storage_config(ResourceType="ATTACHMENTS", StorageConfig=bucket("one"))
    on = {"AssociationId": made["AssociationId"], "ResourceType": "ATTACHMENTS"}
    fresh.update_instance_storage_config(**on, StorageConfig=bucket("other"))
    shown = fresh.describe_instance_storage_config(**on)["StorageConfig"]
    assert shown == {"AssociationId": made["AssociationId"]} | bucket("other")
    update = "update_instance_storage_config"
    stream = {"StorageType": "KINESIS_STREAM", "S3Config": bucket("x")["S3Config"]}
    fresh.refused("InvalidRequestException", "KINESIS_STREAM", update, **on, StorageConfig=stream)
    elsewhere = on | {"ResourceType": "AGENT_EVENTS"}
    fresh.refused("ResourceNotFoundException", "AGENT_EVENTS", update, **elsewhere, StorageConfig=bucket("x"))
