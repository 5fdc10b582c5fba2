"""Instance storage configurations, predefined attributes, and tags of resources."""

from harness import flows
from harness.connect import absent_id, unique

S3 = {
    "StorageType": "S3",
    "S3Config": {
        "BucketName": "a-bucket",
        "BucketPrefix": "connect/tests",
        "EncryptionConfig": {"EncryptionType": "KMS", "KeyId": "arn:aws:kms:us-east-1:000000000000:key/a-key"},
    },
}
STREAM = {
    "StorageType": "KINESIS_STREAM",
    "KinesisStreamConfig": {"StreamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/records"},
}
FIREHOSE = {
    "StorageType": "KINESIS_FIREHOSE",
    "KinesisFirehoseConfig": {"FirehoseArn": "arn:aws:firehose:us-east-1:000000000000:deliverystream/records"},
}


def test_a_storage_config_comes_back_and_goes(fresh):
    for kind, config in (("ATTACHMENTS", S3), ("CONTACT_TRACE_RECORDS", STREAM), ("AGENT_EVENTS", STREAM)):
        made = fresh.associate_instance_storage_config(ResourceType=kind, StorageConfig=config)["AssociationId"]
        expected = {"AssociationId": made, **config}
        shown = fresh.describe_instance_storage_config(AssociationId=made, ResourceType=kind)
        assert shown["StorageConfig"] == expected
        assert fresh.list_instance_storage_configs(ResourceType=kind)["StorageConfigs"] == [expected]
        fresh.disassociate_instance_storage_config(AssociationId=made, ResourceType=kind)
        assert fresh.list_instance_storage_configs(ResourceType=kind)["StorageConfigs"] == []
        gone = {"AssociationId": made, "ResourceType": kind}
        fresh.refused("ResourceNotFoundException", None, "describe_instance_storage_config", **gone)
        fresh.refused("ResourceNotFoundException", None, "disassociate_instance_storage_config", **gone)


def test_refused_storage_configs(fresh):
    associate = "associate_instance_storage_config"
    fresh.associate_instance_storage_config(ResourceType="ATTACHMENTS", StorageConfig=S3)

    def refused(exception, part, kind="CONTACT_TRACE_RECORDS", config=FIREHOSE, **more):
        fresh.refused(exception, part, associate, ResourceType=kind, StorageConfig=config, **more)

    refused("ResourceConflictException", None, kind="ATTACHMENTS", config=S3)
    refused("InvalidParameterException", "ResourceType", kind="NOVEL")
    refused("InvalidParameterException", "StorageType", config={"StorageType": "PAPER"})
    refused("InvalidRequestException", "S3Config", kind="CHAT_TRANSCRIPTS", config={"StorageType": "S3"})
    refused("ResourceNotFoundException", "Instance not found", InstanceId=absent_id())
    listing = "list_instance_storage_configs"
    fresh.refused("InvalidParameterException", "ResourceType", listing, ResourceType="NOVEL")
    fresh.refused("InvalidParameterException", "MaxResults", listing, ResourceType="ATTACHMENTS", MaxResults=11)
    fresh.refused("InvalidParameterException", "NextToken", listing, ResourceType="ATTACHMENTS", NextToken="nonsense")


def test_a_predefined_attribute_comes_back_and_goes(instance):
    name = unique("Skill")
    instance.create_predefined_attribute(
        Name=name,
        Values={"StringList": ["a", "b"]},
        Purposes=["proficiency"],
        AttributeConfiguration={"EnableValueValidationOnAssociation": True},
    )
    shown = instance.describe_predefined_attribute(Name=name)["PredefinedAttribute"]
    assert shown["Name"] == name
    assert shown["Values"] == {"StringList": ["a", "b"]}
    assert shown["Purposes"] == ["proficiency"]
    assert shown["AttributeConfiguration"] == {"EnableValueValidationOnAssociation": True, "IsReadOnly": False}
    instance.delete_predefined_attribute(Name=name)
    instance.refused("ResourceNotFoundException", None, "describe_predefined_attribute", Name=name)
    instance.refused("ResourceNotFoundException", None, "delete_predefined_attribute", Name=name)


def test_names_of_predefined_attributes_are_taken_as_they_are(instance):
    name = "a name/with: signs & spaces?"
    instance.create_predefined_attribute(Name=name, Values={"StringList": []})
    assert instance.describe_predefined_attribute(Name=name)["PredefinedAttribute"]["Name"] == name


def test_lists_of_predefined_attributes(fresh):
    def listed():
        pages = fresh.pages("list_predefined_attributes", "PredefinedAttributeSummaryList", 3)
        assert all(len(page) == 3 for page in pages[:-1])
        return [entry["Name"] for page in pages for entry in page]

    before = listed()
    for n in range(5):
        fresh.create_predefined_attribute(Name=f"Skill {n}", Values={"StringList": ["a"]})
    assert sorted(set(listed()) - set(before)) == [f"Skill {n}" for n in range(5)]
    listing = "list_predefined_attributes"
    fresh.refused("InvalidParameterException", "NextToken", listing, NextToken="nonsense")
    fresh.refused("InvalidParameterException", "MaxResults", listing, MaxResults=101)


def test_refused_predefined_attributes(instance):
    create = "create_predefined_attribute"
    name = unique("Skill")
    instance.create_predefined_attribute(Name=name, Values={"StringList": ["a"]})
    instance.refused("DuplicateResourceException", "already exists", create, Name=name, Values={"StringList": ["a"]})
    values = {"Name": unique("Skill"), "Values": {"StringList": ["v" * 101]}}
    instance.refused("InvalidParameterException", "Values", create, **values)
    instance.refused("InvalidParameterException", "Name", create, Name="n" * 101, Values={"StringList": ["a"]})
    unknown = {"Name": "x", "Values": {"StringList": ["a"]}, "InstanceId": absent_id()}
    instance.refused("ResourceNotFoundException", "Instance not found", create, **unknown)


def taggable(instance) -> list[str]:
    """The ARN of one resource of each kind."""
    hours = instance.create_hours_of_operation(Name=unique("hours"), TimeZone="UTC", Config=[])
    profile = instance.create_security_profile(SecurityProfileName=unique("profile"))
    return [
        instance.arn,
        instance.arn_of("contact-flow", instance.flow(flows.waiting())),
        instance.arn_of("queue", instance.queue()),
        hours["HoursOfOperationArn"],
        instance.arn_of("transfer-destination", instance.quick_connect()),
        instance.arn_of("task-template", instance.template(ContactFlowId=instance.flow(flows.waiting()))),
        instance.user_arn(instance.user()),
        instance.arn_of("routing-profile", instance.routing_profile_id()),
        profile["SecurityProfileArn"],
    ]


def test_every_kind_of_resource_takes_tags(fresh):
    for arn in taggable(fresh):
        fresh.tag_resource(resourceArn=arn, tags={"team": "blue", "cost centre": "12/3 @ä"})
        fresh.tag_resource(resourceArn=arn, tags={"team": "red", "tier": ""})
        expected = {"team": "red", "cost centre": "12/3 @ä", "tier": ""}
        assert fresh.list_tags_for_resource(resourceArn=arn)["tags"] == expected
        fresh.untag_resource(resourceArn=arn, tagKeys=["cost centre", "tier", "absent"])
        assert fresh.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "red"}


def test_tags_show_on_the_resource(fresh):
    queue = fresh.queue()
    fresh.tag_resource(resourceArn=fresh.arn_of("queue", queue), tags={"team": "blue"})
    assert fresh.describe_queue(QueueId=queue)["Queue"]["Tags"] == {"team": "blue"}
    template = fresh.template(ContactFlowId=fresh.flow(flows.waiting()))
    fresh.tag_resource(resourceArn=fresh.arn_of("task-template", template), tags={"team": "blue"})
    assert fresh.get_task_template(TaskTemplateId=template)["Tags"] == {"team": "blue"}


def test_refused_tags(fresh):
    queue = fresh.arn_of("queue", fresh.queue())
    tag = "tag_resource"
    fresh.refused("InvalidParameterException", "tags", tag, resourceArn=queue, tags={"aws:team": "x"})
    fresh.refused("InvalidParameterException", "tags", tag, resourceArn=queue, tags={"k": "v" * 257})
    fresh.refused("InvalidParameterException", "tags", tag, resourceArn=queue, tags={})
    fresh.tag_resource(resourceArn=queue, tags={f"key {n}": "v" for n in range(50)})
    fresh.refused("InvalidParameterException", "50", tag, resourceArn=queue, tags={"one more": "v"})
    unknown = fresh.arn_of("queue", absent_id())
    fresh.refused("ResourceNotFoundException", None, tag, resourceArn=unknown, tags={"k": "v"})
    fresh.refused("ResourceNotFoundException", None, "untag_resource", resourceArn=unknown, tagKeys=["k"])
    fresh.refused("ResourceNotFoundException", None, "list_tags_for_resource", resourceArn=unknown)
    fresh.refused("InvalidParameterException", "resourceArn", "list_tags_for_resource", resourceArn="no arn")
