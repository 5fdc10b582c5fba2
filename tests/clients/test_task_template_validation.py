"""StartTaskContact and UpdateContact against a template: the ten points of task-templates.md section 5."""

import pytest

from harness import flows
from harness.connect import absent_id, defaults, field, field_ids

START = "start_task_contact"
NAME = field("Task name", "NAME")


@pytest.fixture(scope="module")
def flow(instance):
    return instance.flow(flows.waiting())


def string(value: str) -> dict:
    return {"Type": "STRING", "Value": value}


def expiry(minutes: int) -> dict:
    return {"connect:ContactExpiry": {"ValueMap": {"ExpiryDuration": {"ValueInteger": minutes}}}}


def expiry_of(contact: dict) -> int:
    return contact["SegmentAttributes"]["connect:ContactExpiry"]["ValueMap"]["ExpiryDuration"]["ValueInteger"]


def test_01_the_template_exists_and_is_active(instance, flow):
    template = instance.template(ContactFlowId=flow)
    instance.task(TaskTemplateId=template)
    instance.task(TaskTemplateId=instance.arn_of("task-template", template))
    instance.refused("ResourceNotFoundException", None, START, Name="x", TaskTemplateId=absent_id())
    inactive = instance.template(ContactFlowId=flow, Status="INACTIVE")
    instance.refused("InvalidRequestException", "INACTIVE", START, Name="x", TaskTemplateId=inactive)


def test_02_the_flow_of_the_template_runs(instance):
    template = instance.template(ContactFlowId=instance.flow(flows.marking("flow", "the template's")))
    task = instance.task(TaskTemplateId=template)
    instance.when(task, lambda contact: contact.get("Attributes") == {"flow": "the template's"}, "the flow's mark")
    own = {"TaskTemplateId": template, "ContactFlowId": instance.flow(flows.waiting())}
    instance.refused("InvalidRequestException", "unique flow", START, Name="two", **own)


def test_03_defaults_fill_what_is_absent(instance, flow):
    quick_connect = instance.quick_connect()
    template = instance.template(
        [
            NAME,
            field("Text", "DESCRIPTION"),
            field("Line", "TEXT"),
            field("Amount", "NUMBER"),
            field("Day", "DATE_TIME"),
        ],
        ContactFlowId=flow,
        Defaults=defaults(Text="a description", Line="a line", Amount="7", Day="1700000000"),
    )
    task = instance.task(TaskTemplateId=template, References={"Line": string("given")})
    assert instance.contact(task)["Description"] == "a description"
    values = instance.references(task, "STRING", "NUMBER", "DATE")
    assert {name: summary["Value"] for name, summary in values.items()} == {
        "Line": "given",
        "Amount": "7",
        "Day": "1700000000",
    }
    assigning = instance.template([NAME, field("AssignTo", "QUICK_CONNECT")], Defaults=defaults(AssignTo=quick_connect))
    instance.when_queued(instance.task(TaskTemplateId=assigning))


def test_04_required_fields_have_a_value(instance, flow):
    fields = [NAME, field("Text", "DESCRIPTION"), field("Line", "TEXT")]
    required = {"RequiredFields": field_ids("Text", "Line")}
    template = instance.template(fields, ContactFlowId=flow, Constraints=required)
    whole = {"Description": "d", "References": {"Line": string("l")}}
    instance.task(TaskTemplateId=template, **whole)
    refused = ("InvalidParameterException",)
    instance.refused(*refused, "Line", START, Name="x", TaskTemplateId=template, Description="d")
    instance.refused(*refused, "Text", START, Name="x", TaskTemplateId=template, References=whole["References"])


def test_05_read_only_and_invisible_fields_keep_their_default(instance, flow):
    fields = [NAME, field("Fixed", "TEXT"), field("Hidden", "TEXT")]
    constraints = {"ReadOnlyFields": field_ids("Fixed"), "InvisibleFields": field_ids("Hidden")}
    template = instance.template(
        fields, ContactFlowId=flow, Constraints=constraints, Defaults=defaults(Fixed="f", Hidden="h")
    )
    instance.task(TaskTemplateId=template)
    instance.task(TaskTemplateId=template, References={"Fixed": string("f"), "Hidden": string("h")})
    for name in ("Fixed", "Hidden"):
        other = {"TaskTemplateId": template, "References": {name: string("another")}}
        instance.refused("InvalidParameterException", name, START, Name="x", **other)


@pytest.mark.parametrize(
    ("kind", "reference", "good", "bad"),
    [
        ("NUMBER", "NUMBER", "-1.5", None),
        ("TEXT", "STRING", "text", None),
        ("TEXT_AREA", "STRING", "two\nlines", None),
        ("DATE_TIME", "DATE", "1700000000", None),
        ("BOOLEAN", "STRING", "true", "perhaps"),
        ("SINGLE_SELECT", "STRING", "M", "XL"),
        ("EMAIL", "EMAIL", "ann@example.com", None),
        ("URL", "URL", "https://example.com/", None),
    ],
)
def test_06_values_fit_the_type_of_their_field(instance, flow, kind, reference, good, bad):
    options = {"SingleSelectOptions": ["S", "M"]} if kind == "SINGLE_SELECT" else {}
    template = instance.template([NAME, field("Value", kind, **options)], ContactFlowId=flow)
    instance.task(TaskTemplateId=template, References={"Value": {"Type": reference, "Value": good}})
    if bad is not None:
        refused = {"TaskTemplateId": template, "References": {"Value": {"Type": reference, "Value": bad}}}
        instance.refused("InvalidParameterException", "Value", START, Name="x", **refused)
    wrong = {"Type": "NUMBER", "Value": "1"} if reference != "NUMBER" else string("1")
    refused = {"TaskTemplateId": template, "References": {"Value": wrong}}
    instance.refused("InvalidParameterException", "Value", START, Name="x", **refused)


def test_07_other_references_are_welcome(instance, flow):
    template = instance.template([NAME, field("Line", "TEXT")], ContactFlowId=flow)
    task = instance.task(TaskTemplateId=template, References={"Extra": string("e"), "Line": string("l")})
    assert set(instance.references(task, "STRING")) == {"Extra", "Line"}
    bad = {"TaskTemplateId": template, "References": {"Extra": {"Type": "NUMBER", "Value": "many"}}}
    instance.refused("InvalidRequestException", "Invalid reference passed", START, Name="x", **bad)


def test_08_expiry_of_the_request_else_of_the_template_else_seven_days(instance, flow):
    with_default = instance.template(
        [NAME, field("Ends", "EXPIRY_DURATION")], ContactFlowId=flow, Defaults=defaults(Ends="60")
    )
    without = instance.template([NAME, field("Ends", "EXPIRY_DURATION")], ContactFlowId=flow)
    assert expiry_of(instance.contact(instance.task(TaskTemplateId=with_default))) == 60
    assert expiry_of(instance.contact(instance.task(TaskTemplateId=without))) == 10_080
    given = {"SegmentAttributes": expiry(30)}
    assert expiry_of(instance.contact(instance.task(TaskTemplateId=with_default, **given))) == 30
    wrong = {"SegmentAttributes": expiry(129_601)}
    instance.refused("InvalidParameterException", "ExpiryDuration", START, Name="x", TaskTemplateId=without, **wrong)


def test_09_a_task_keeps_the_template_it_was_made_with(instance, flow):
    required = {"RequiredFields": field_ids("Line")}
    template = instance.template([NAME, field("Line", "TEXT")], ContactFlowId=flow, Constraints=required)
    task = instance.task(TaskTemplateId=template, References={"Line": string("l")})
    before = instance.contact(task)["TaskTemplateInfo"]
    instance.update_task_template(TaskTemplateId=template, Name="another name", ContactFlowId=flow, Fields=[NAME])
    assert instance.contact(task)["TaskTemplateInfo"] == before
    assert instance.get_task_template(TaskTemplateId=template, SnapshotVersion="1")["Name"] == before["Name"]
    # The next task follows the new version.
    assert instance.contact(instance.task(TaskTemplateId=template))["TaskTemplateInfo"]["Name"] == "another name"
    instance.refused("ResourceNotFoundException", None, "get_task_template", TaskTemplateId=template, SnapshotVersion="9")


def test_10_updates_are_checked_the_same_way(instance, flow):
    fields = [NAME, field("Sure", "BOOLEAN"), field("Fixed", "TEXT")]
    constraints = {"ReadOnlyFields": field_ids("Fixed")}
    template = instance.template(fields, ContactFlowId=flow, Constraints=constraints, Defaults=defaults(Fixed="f"))
    task = instance.task(TaskTemplateId=template)
    instance.update_contact(ContactId=task, References={"Sure": string("true")})
    assert instance.references(task, "STRING")["Sure"]["Value"] == "true"
    update = "update_contact"
    refused = ("InvalidParameterException",)
    instance.refused(*refused, "Sure", update, ContactId=task, References={"Sure": string("perhaps")})
    instance.refused(*refused, "Fixed", update, ContactId=task, References={"Fixed": string("another")})
