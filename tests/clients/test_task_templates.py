"""Task templates: the five operations and the rules of a definition (task-templates.md sections 1 to 4)."""

import pytest

from harness import flows
from harness.connect import absent_id, defaults, field, field_ids, unique

CREATE = "create_task_template"
NAME = field("Task name", "NAME")


@pytest.fixture(scope="module")
def flow(instance):
    return instance.flow(flows.waiting())


def problems(response) -> set[tuple[str, str]]:
    """Path and reason of each problem of a PropertyValidationException."""
    return {(problem["PropertyPath"], problem["Reason"]) for problem in response["PropertyList"]}


@pytest.fixture
def invalid(instance, flow):
    """Asserts that a definition is refused for one reason, at a path that holds this text."""

    def check(reason: str, path: str, **definition):
        call = {"Name": unique("invalid"), "ContactFlowId": flow, "Fields": [NAME]} | definition
        call = {member: value for member, value in call.items() if value is not None}
        response = instance.refused("PropertyValidationException", reason, CREATE, **call)
        assert any(reason == found and path in at for at, found in problems(response)), response["PropertyList"]
        for problem in response["PropertyList"]:
            assert problem["Message"]

    return check


def test_a_template_comes_back_as_it_was_given(instance, flow):
    definition = {
        "Name": unique("everything"),
        "Description": "what it is for",
        "ContactFlowId": flow,
        "SelfAssignFlowId": flow,
        "Status": "ACTIVE",
        "Fields": [
            field("Task name", "NAME", Description="the name"),
            field("Text", "DESCRIPTION"),
            field("When", "SCHEDULED_TIME"),
            field("Assign to", "QUICK_CONNECT"),
            field("Mine", "SELF_ASSIGN"),
            field("Ends", "EXPIRY_DURATION"),
            field("Page", "URL"),
            field("Amount", "NUMBER"),
            field("Line", "TEXT"),
            field("Story", "TEXT_AREA"),
            field("Day", "DATE_TIME"),
            field("Sure", "BOOLEAN"),
            field("Size", "SINGLE_SELECT", SingleSelectOptions=["S", "M", "L"]),
            field("Who", "EMAIL"),
        ],
        "Constraints": {
            "RequiredFields": field_ids("Task name", "Amount"),
            "ReadOnlyFields": field_ids("Size"),
            "InvisibleFields": field_ids("Line"),
        },
        "Defaults": defaults(
            Page="https://example.com/",
            Amount="1",
            Line="a line",
            Day="1700000000",
            Sure="true",
            Size="M",
            Who="ann@example.com",
            Ends="60",
            Mine="false",
        ),
    }
    created = instance.create_task_template(**definition)
    template = instance.get_task_template(TaskTemplateId=created["Id"])
    assert template["Arn"] == created["Arn"] == instance.arn_of("task-template", created["Id"])
    assert template["InstanceId"] == instance.id
    assert {member: template[member] for member in definition} == definition
    assert template["CreatedTime"] == template["LastModifiedTime"]
    by_arn = instance.get_task_template(TaskTemplateId=created["Arn"])
    assert by_arn["Id"] == created["Id"]


def test_status_is_active_when_absent(instance, flow):
    assert instance.get_task_template(TaskTemplateId=instance.template(ContactFlowId=flow))["Status"] == "ACTIVE"


def test_the_same_token_creates_once(instance, flow):
    call = {"Name": unique("once"), "ContactFlowId": flow, "Fields": [NAME], "ClientToken": unique("token")}
    assert instance.create_task_template(**call)["Id"] == instance.create_task_template(**call)["Id"]


def test_the_definition_is_judged_in_full(invalid, instance):
    name = unique("taken")
    instance.template(Name=name, ContactFlowId=instance.flow(flows.waiting()))
    invalid("RESOURCE_NAME_ALREADY_EXISTS", "Name", Name=name)


@pytest.mark.parametrize(
    ("reason", "path", "definition"),
    [
        ("REQUIRED_PROPERTY_MISSING", "Fields", {"Fields": []}),
        ("REQUIRED_PROPERTY_MISSING", "Fields", {"Fields": [field("Text", "TEXT")]}),
        ("REQUIRED_PROPERTY_MISSING", "ContactFlowId", {"ContactFlowId": None}),
        ("UNIQUE_CONSTRAINT_VIOLATED", "Fields", {"Fields": [NAME, field("Other name", "NAME")]}),
        ("UNIQUE_CONSTRAINT_VIOLATED", "Fields", {"Fields": [NAME, field("Task name", "TEXT")]}),
        (
            "UNIQUE_CONSTRAINT_VIOLATED",
            "Fields",
            {"Fields": [NAME, field("A", "DESCRIPTION"), field("B", "DESCRIPTION")]},
        ),
        ("REQUIRED_PROPERTY_MISSING", "SingleSelectOptions", {"Fields": [NAME, field("Size", "SINGLE_SELECT")]}),
        ("NOT_SUPPORTED", "SingleSelectOptions", {"Fields": [NAME, field("T", "TEXT", SingleSelectOptions=["a"])]}),
        (
            "REFERENCED_RESOURCE_NOT_FOUND",
            "RequiredFields",
            {"Constraints": {"RequiredFields": field_ids("Nowhere")}},
        ),
        (
            "REFERENCED_RESOURCE_NOT_FOUND",
            "ReadOnlyFields",
            {"Constraints": {"ReadOnlyFields": field_ids("Nowhere")}},
        ),
        (
            "REFERENCED_RESOURCE_NOT_FOUND",
            "InvisibleFields",
            {"Constraints": {"InvisibleFields": field_ids("Nowhere")}},
        ),
        ("REFERENCED_RESOURCE_NOT_FOUND", "Defaults", {"Defaults": defaults(Nowhere="x")}),
        (
            "INVALID_FORMAT",
            "Defaults",
            {"Fields": [NAME, field("Amount", "NUMBER")], "Defaults": defaults(Amount="many")},
        ),
        (
            "INVALID_FORMAT",
            "Defaults",
            {
                "Fields": [NAME, field("Size", "SINGLE_SELECT", SingleSelectOptions=["S"])],
                "Defaults": defaults(Size="M"),
            },
        ),
        (
            "INVALID_FORMAT",
            "Defaults",
            {"Fields": [NAME, field("Ends", "EXPIRY_DURATION")], "Defaults": defaults(Ends="129601")},
        ),
        (
            "REQUIRED_PROPERTY_MISSING",
            "RequiredFields",
            {
                "Fields": [NAME, field("Line", "TEXT")],
                "Constraints": {"RequiredFields": field_ids("Line"), "InvisibleFields": field_ids("Line")},
            },
        ),
        (
            "REQUIRED_PROPERTY_MISSING",
            "RequiredFields",
            {
                "Fields": [NAME, field("Line", "TEXT")],
                "Constraints": {"RequiredFields": field_ids("Line"), "ReadOnlyFields": field_ids("Line")},
            },
        ),
        ("REQUIRED_PROPERTY_MISSING", "SelfAssignFlowId", {"Fields": [NAME, field("Mine", "SELF_ASSIGN")]}),
        ("REFERENCED_RESOURCE_NOT_FOUND", "ContactFlowId", {"ContactFlowId": absent_id()}),
        ("REFERENCED_RESOURCE_NOT_FOUND", "SelfAssignFlowId", {"SelfAssignFlowId": absent_id()}),
    ],
)
def test_a_definition_is_refused(invalid, reason, path, definition):
    invalid(reason, path, **definition)


def test_flows_of_a_template_are_published(invalid, instance):
    invalid(
        "REFERENCED_RESOURCE_NOT_FOUND", "ContactFlowId", ContactFlowId=instance.flow(flows.waiting(), Status="SAVED")
    )


def test_a_template_without_a_flow(instance):
    asking = instance.template([NAME, field("Assign to", "QUICK_CONNECT")])
    assert "ContactFlowId" not in instance.get_task_template(TaskTemplateId=asking)
    # An inactive one may still be incomplete.
    instance.template([NAME], Status="INACTIVE")


def test_at_most_fifty_fields(instance, flow):
    fifty = [NAME] + [field(f"field {n}", "TEXT") for n in range(49)]
    template = instance.template(fifty, ContactFlowId=flow)
    assert len(instance.get_task_template(TaskTemplateId=template)["Fields"]) == 50
    more = {"Name": unique("more"), "ContactFlowId": flow, "Fields": [*fifty, field("one more", "TEXT")]}
    instance.refused("ServiceQuotaExceededException", "50", CREATE, **more)


def test_shapes(instance, flow):
    for member, change in {
        "Name": {"Name": "n" * 101},
        "Description": {"Description": "d" * 256},
        "Status": {"Status": "SLEEPING"},
        "Type": {"Fields": [field("Task name", "NOVEL")]},
    }.items():
        call = {"Name": unique("shape"), "ContactFlowId": flow, "Fields": [NAME]} | change
        instance.refused("InvalidParameterException", member, CREATE, **call)
    call = {"Name": "x", "ContactFlowId": flow, "Fields": [NAME], "InstanceId": absent_id()}
    instance.refused("ResourceNotFoundException", "Instance not found", CREATE, **call)


def test_an_update_replaces_everything_and_keeps_the_old_version(instance, flow):
    template = instance.template(
        [NAME, field("Line", "TEXT")], ContactFlowId=flow, Description="first", Defaults=defaults(Line="a")
    )
    before = instance.get_task_template(TaskTemplateId=template)
    other = instance.flow(flows.waiting())
    name = unique("renamed")
    updated = instance.update_task_template(TaskTemplateId=template, Name=name, ContactFlowId=other, Fields=[NAME])
    assert (updated["Id"], updated["Arn"]) == (template, before["Arn"])
    assert updated["Name"] == name
    assert updated["ContactFlowId"] == other
    assert updated["Fields"] == [NAME]
    assert "Description" not in updated
    after = instance.get_task_template(TaskTemplateId=template)
    assert {member: after[member] for member in updated if member != "ResponseMetadata"} == {
        member: value for member, value in updated.items() if member != "ResponseMetadata"
    }
    old = instance.get_task_template(TaskTemplateId=template, SnapshotVersion="1")
    assert old["Description"] == "first"
    assert old["Fields"] == before["Fields"]
    assert old["Defaults"] == before["Defaults"]
    new = instance.get_task_template(TaskTemplateId=template, SnapshotVersion="2")
    assert new["Name"] == name
    get = "get_task_template"
    for absent in ("3", "0"):
        named = f"version {absent} of {template}"
        instance.refused("ResourceNotFoundException", named, get, TaskTemplateId=template, SnapshotVersion=absent)
    none = {"TaskTemplateId": template, "SnapshotVersion": "latest"}
    instance.refused("InvalidParameterException", "from 1 to 2", get, **none)


def test_updates_that_are_refused(instance, flow):
    taken = unique("taken")
    instance.template(Name=taken, ContactFlowId=flow)
    template = instance.template(ContactFlowId=flow)
    call = {"TaskTemplateId": template, "Name": unique("x"), "ContactFlowId": flow, "Fields": [NAME]}
    update = "update_task_template"
    response = instance.refused("PropertyValidationException", "Name", update, **call | {"Name": taken})
    assert ("Name", "RESOURCE_NAME_ALREADY_EXISTS") in problems(response)
    instance.refused("PropertyValidationException", "NAME", update, **call | {"Fields": [field("Line", "TEXT")]})
    instance.refused("ResourceNotFoundException", None, update, **call | {"TaskTemplateId": absent_id()})
    instance.refused("InvalidParameterException", "Name", update, **call | {"Name": "n" * 101})
    more = [NAME] + [field(f"field {n}", "TEXT") for n in range(50)]
    instance.refused("ServiceQuotaExceededException", "50", update, **call | {"Fields": more})


def test_lists(fresh):
    flow = fresh.flow(flows.waiting())
    active = [fresh.template(ContactFlowId=flow, Name=f"active {n}") for n in range(5)]
    inactive = fresh.template(ContactFlowId=flow, Name="inactive", Status="INACTIVE")
    every = fresh.list_task_templates()["TaskTemplates"]
    assert {template["Id"] for template in every} == {*active, inactive}
    pages = fresh.pages("list_task_templates", "TaskTemplates", 4)
    assert [len(page) for page in pages] == [4, 2]
    assert {template["Id"] for page in pages for template in page} == {*active, inactive}
    found = fresh.list_task_templates(Status="INACTIVE")["TaskTemplates"]
    assert [template["Id"] for template in found] == [inactive]
    assert found[0]["Arn"] == fresh.arn_of("task-template", inactive)
    found = fresh.list_task_templates(Name="active 3")["TaskTemplates"]
    assert [template["Id"] for template in found] == [active[3]]
    fresh.refused("InvalidParameterException", "NextToken", "list_task_templates", NextToken="nonsense")
    fresh.refused("InvalidParameterException", "MaxResults", "list_task_templates", MaxResults=101)
    fresh.refused("ResourceNotFoundException", "Instance not found", "list_task_templates", InstanceId=absent_id())


def test_a_deleted_template_is_gone_and_its_tasks_stay(instance, flow):
    name = unique("short-lived")
    template = instance.template(Name=name, ContactFlowId=flow)
    task = instance.task(TaskTemplateId=template)
    instance.delete_task_template(TaskTemplateId=template)
    instance.refused("ResourceNotFoundException", None, "get_task_template", TaskTemplateId=template)
    instance.refused("ResourceNotFoundException", None, "delete_task_template", TaskTemplateId=template)
    instance.refused("ResourceNotFoundException", None, "start_task_contact", Name="x", TaskTemplateId=template)
    assert instance.contact(task)["TaskTemplateInfo"]["Name"] == name
    # Its name is free again.
    instance.template(Name=name, ContactFlowId=flow)
