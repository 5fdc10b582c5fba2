"""Flow modules: made, published, versioned, named, and run by the flows that invoke them."""

import hashlib
import json

import pytest

from harness.connect import Instance, absent_id, unique
from harness.flows import action, content, end, set_attributes, stay
from harness.server import Server

SETTINGS = json.dumps(
    {
        "version": "1",
        "input": {"schema": {"type": "object", "properties": {"customer": {"type": "string"}}}},
        "resultData": {"schema": {"type": "object", "properties": {"tier": {"type": "string"}}}},
        "transitions": {"results": ["gold"]},
    }
)
EMPTY = {"InputParameters": [], "OutputParameters": [], "Transitions": []}


def module_content(mark: str, **settings) -> str:
    """A module that notes that it ran."""
    note = {"Attributes": {"module": mark}}
    start = action("start", "UpdateContactAttributes", note, then="back", errors={"NoMatchingError": "back"})
    parts = json.loads(content(start, action("back", "EndFlowModuleExecution")))
    return json.dumps(parts | {"Settings": EMPTY} | settings)


def make(instance, mark: str = "first", **given) -> str:
    given.setdefault("Name", unique("module"))
    return instance.create_contact_flow_module(Content=module_content(mark), **given)["Id"]


def described(instance, reference: str) -> dict:
    return instance.describe_contact_flow_module(ContactFlowModuleId=reference)["ContactFlowModule"]


def calling(module: str, **parameters) -> str:
    """A flow that invokes the module, and notes which way it went on."""
    invoke = {"FlowModuleId": module} | parameters
    return content(
        action("invoke", "InvokeFlowModule", invoke, then="through", errors={"NoMatchingError": "failed"}),
        set_attributes("through", "stay", way="through"),
        set_attributes("failed", "stay", way="failed"),
        stay(),
        end(),
    )


def ran(instance, flow: str) -> tuple[str | None, str]:
    attributes = instance.attributes(instance.task(ContactFlowId=flow))
    return attributes.get("module"), attributes["way"]


def test_a_module_comes_back_as_it_was_given(instance):
    name = unique("module")
    given = {"Name": name, "Description": "what for", "Tags": {"team": "blue"}, "Settings": SETTINGS}
    made = instance.create_contact_flow_module(Content=module_content("first"), **given)
    assert made["Arn"] == instance.arn_of("flow-module", made["Id"])
    for reference in (made["Id"], made["Arn"], f"{made['Id']}:$LATEST", f"{made['Arn']}:$SAVED"):
        shown = described(instance, reference)
        assert {member: shown[member] for member in given} == given
        assert shown["Content"] == module_content("first")
        assert shown["FlowModuleContentSha256"] == hashlib.sha256(shown["Content"].encode()).hexdigest()
        assert (shown["State"], shown["Status"]) == ("ACTIVE", "PUBLISHED")
        assert "Version" not in shown
    instance.tag_resource(resourceArn=made["Arn"], tags={"color": "red"})
    assert instance.list_tags_for_resource(resourceArn=made["Arn"])["tags"] == {"team": "blue", "color": "red"}


def test_the_same_token_makes_one_module(instance):
    given = {"Name": unique("module"), "Content": module_content("first"), "ClientToken": unique("token")}
    first = instance.create_contact_flow_module(**given)
    assert instance.create_contact_flow_module(**given)["Id"] == first["Id"]
    create = "create_contact_flow_module"
    instance.refused("IdempotencyException", "ClientToken", create, **given | {"Name": unique("module")})


def test_a_draft_is_not_published(instance):
    module = make(instance)
    update = instance.update_contact_flow_module_content
    # A draft has to be JSON and no more.
    update(ContactFlowModuleId=f"{module}:$SAVED", Content=json.dumps({"Settings": EMPTY, "odd": 1}))
    draft = described(instance, f"{module}:$SAVED")
    assert (draft["Content"], draft["Status"]) == (json.dumps({"Settings": EMPTY, "odd": 1}), "SAVED")
    assert described(instance, module)["Content"] == module_content("first")
    flow = instance.flow(calling(module))
    assert ran(instance, flow) == ("first", "through")
    update(ContactFlowModuleId=module, Content=module_content("second"))
    assert described(instance, module)["Content"] == module_content("second")
    assert ran(instance, flow) == ("second", "through")
    update(ContactFlowModuleId=module, Settings="{}")
    assert (described(instance, module)["Settings"], ran(instance, flow)[0]) == ("{}", "second")


def test_versions_and_aliases(instance):
    module = make(instance, "first")
    version = instance.create_contact_flow_module_version
    assert version(ContactFlowModuleId=module, Description="the first")["Version"] == 1
    instance.update_contact_flow_module_content(ContactFlowModuleId=module, Content=module_content("second"))
    checksum = described(instance, module)["FlowModuleContentSha256"]
    assert version(ContactFlowModuleId=module, FlowModuleContentSha256=checksum)["Version"] == 2
    other = {"ContactFlowModuleId": module, "FlowModuleContentSha256": "0" * 64}
    instance.refused("InvalidRequestException", "checksum", "create_contact_flow_module_version", **other)
    shown = described(instance, f"{module}:1")
    assert (shown["Content"], shown["Version"]) == (module_content("first"), 1)
    assert shown["VersionDescription"] == "the first"

    on = {"ContactFlowModuleId": module}
    made = instance.create_contact_flow_module_alias(**on, AliasName="live", ContactFlowModuleVersion=1, Description="d")
    alias = instance.describe_contact_flow_module_alias(**on, AliasId=made["Id"])["ContactFlowModuleAlias"]
    assert (alias["Name"], alias["Version"], alias["Description"]) == ("live", 1, "d")
    assert described(instance, f"{module}:live")["Version"] == described(instance, f"{module}:{made['Id']}")["Version"]

    pinned = instance.flow(calling(f"{module}:1"))
    named = instance.flow(calling(f"{module}:live"))
    newest = instance.flow(calling(module))
    assert [ran(instance, flow)[0] for flow in (pinned, named, newest)] == ["first", "first", "second"]
    instance.update_contact_flow_module_alias(**on, AliasId=made["Id"], ContactFlowModuleVersion=2, Name="lively")
    assert described(instance, f"{module}:lively")["Version"] == 2
    # The name that the flow calls is nobody's any more.
    assert ran(instance, named) == (None, "failed")

    pages = instance.pages("list_contact_flow_module_versions", "ContactFlowModuleVersionSummaryList", 1, **on)
    assert [entry["Version"] for page in pages for entry in page] == [1, 2]
    listed = instance.list_contact_flow_module_aliases(**on)["ContactFlowModuleAliasSummaryList"]
    assert [(entry["AliasName"], entry["AliasId"]) for entry in listed] == [("lively", made["Id"])]

    delete = "delete_contact_flow_module_version"
    instance.refused("InvalidRequestException", "lively", delete, **on, ContactFlowModuleVersion=2)
    instance.delete_contact_flow_module_alias(**on, AliasId="lively")
    instance.delete_contact_flow_module_version(**on, ContactFlowModuleVersion=2)
    instance.refused("ResourceNotFoundException", "version", delete, **on, ContactFlowModuleVersion=2)
    # A number is not given twice.
    assert version(ContactFlowModuleId=module)["Version"] == 3
    refused = ("ResourceNotFoundException", "version", "describe_contact_flow_module")
    instance.refused(*refused, ContactFlowModuleId=f"{module}:2")


def test_refused_versions_and_aliases(instance):
    module = make(instance)
    on = {"ContactFlowModuleId": module}
    instance.create_contact_flow_module_version(**on)
    create, update = "create_contact_flow_module_alias", "update_contact_flow_module_alias"
    for name in ("7", "$LATEST", "$SAVED"):
        instance.refused("InvalidParameterException", name, create, **on, AliasName=name, ContactFlowModuleVersion=1)
    instance.refused("ResourceNotFoundException", "version", create, **on, AliasName="a", ContactFlowModuleVersion=2)
    instance.create_contact_flow_module_alias(**on, AliasName="a", ContactFlowModuleVersion=1)
    taken = {**on, "AliasName": "a", "ContactFlowModuleVersion": 1}
    instance.refused("DuplicateResourceException", "already exists", create, **taken)
    instance.create_contact_flow_module_alias(**on, AliasName="b", ContactFlowModuleVersion=1)
    instance.refused("DuplicateResourceException", "already exists", update, **on, AliasId="b", Name="a")
    for operation in ("describe", "delete", "update"):
        call = f"{operation}_contact_flow_module_alias"
        instance.refused("ResourceNotFoundException", "alias", call, **on, AliasId=absent_id())
    absent = {"ContactFlowModuleId": absent_id()}
    instance.refused("ResourceNotFoundException", "flow module", "create_contact_flow_module_version", **absent)
    draft = {"ContactFlowModuleId": f"{module}:$SAVED"}
    instance.refused("InvalidRequestException", "published", "create_contact_flow_module_version", **draft)
    change = {"ContactFlowModuleId": f"{module}:1", "Content": module_content("x")}
    instance.refused("InvalidRequestException", "stays as it is", "update_contact_flow_module_content", **change)


def test_lists_and_searches_of_modules(fresh):
    blue = make(fresh, Name="Module blue", Description="all of it", Tags={"color": "blue"})
    red = make(fresh, Name="Module red")
    update = fresh.update_contact_flow_module_metadata
    update(ContactFlowModuleId=red, State="ARCHIVED", Name="Module crimson", Description="none of it")
    shown = described(fresh, red)
    assert (shown["Name"], shown["State"], shown["Description"]) == ("Module crimson", "ARCHIVED", "none of it")
    pages = fresh.pages("list_contact_flow_modules", "ContactFlowModulesSummaryList", 1)
    assert [len(page) for page in pages] == [1, 1]
    archived = fresh.list_contact_flow_modules(ContactFlowModuleState="ARCHIVED")["ContactFlowModulesSummaryList"]
    assert [entry["Id"] for entry in archived] == [red]

    def found(**parameters) -> set[str]:
        answer = fresh.search_contact_flow_modules(**parameters)
        assert answer["ApproximateTotalCount"] == len(answer["ContactFlowModules"])
        assert all("Content" not in module for module in answer["ContactFlowModules"])
        return {module["Id"] for module in answer["ContactFlowModules"]}

    name = {"FieldName": "name", "Value": "module", "ComparisonType": "STARTS_WITH"}
    assert found(SearchCriteria={"StringCondition": name}) == {blue, red}
    assert found(SearchCriteria={"StringCondition": name, "StateCondition": "ACTIVE"}) == {blue}
    assert found(SearchFilter={"TagFilter": {"TagCondition": {"TagKey": "color", "TagValue": "blue"}}}) == {blue}
    fresh.update_contact_flow_module_content(ContactFlowModuleId=f"{blue}:$SAVED", Content="{}")
    assert found(SearchCriteria={"StatusCondition": "SAVED"}) == {blue}


def test_an_archived_module_still_runs_and_a_deleted_one_does_not(instance):
    module = make(instance)
    flow = instance.flow(calling(module))
    instance.update_contact_flow_module_metadata(ContactFlowModuleId=module, State="ARCHIVED")
    assert ran(instance, flow) == ("first", "through")
    instance.delete_contact_flow_module(ContactFlowModuleId=module)
    assert ran(instance, flow) == (None, "failed")
    absent = {"ContactFlowModuleId": module}
    for operation in ("describe", "delete"):
        instance.refused("ResourceNotFoundException", "flow module", f"{operation}_contact_flow_module", **absent)


def test_refused_modules(instance):
    create = "create_contact_flow_module"
    taken = unique("module")
    make(instance, Name=taken)
    call = {"Name": unique("module"), "Content": module_content("x")}
    instance.refused("DuplicateResourceException", "already exists", create, **call | {"Name": taken})
    instance.refused("InvalidRequestException", "JSON", create, **call | {"Content": "not JSON"})
    instance.refused("InvalidRequestException", "Settings", create, **call | {"Settings": "[]"})
    wrong = {"Version": "2019-10-30", "StartAction": "x", "Actions": [], "Settings": EMPTY}
    start = "Path: StartAction"
    error = instance.refused("InvalidContactFlowModuleException", start, create, **call | {"Content": json.dumps(wrong)})
    assert error["Problems"] and all(set(problem) == {"message"} for problem in error["Problems"])
    external = {"ExternalInvocationConfiguration": {"Enabled": True}}
    instance.refused("InvalidRequestException", "not supported", create, **call | external)
    # Only modules end themselves, and only modules have Settings.
    flow = {"Name": unique("flow"), "Type": "CONTACT_FLOW", "Content": module_content("x")}
    instance.refused("InvalidContactFlowException", "Settings", "create_contact_flow", **flow)
    unknown = flow | {"Content": calling(absent_id())}
    instance.refused("InvalidContactFlowException", "Failed to convert id", "create_contact_flow", **unknown)


def test_the_settings_of_a_module_bind_its_callers(instance):
    module = make(instance, Settings=SETTINGS)
    flow = {"Name": unique("flow"), "Type": "CONTACT_FLOW"}
    other_input = calling(module, Input={"somebody": "x"})
    instance.refused("InvalidContactFlowException", "somebody", "create_contact_flow", **flow, Content=other_input)
    instance.flow(calling(module, Input={"customer": "x"}))


def test_a_strict_server_wants_settings_in_the_content(tmp_path):
    bare = json.loads(module_content("x"))
    del bare["Settings"]
    call = {"Name": "module", "Content": json.dumps(bare)}
    server = Server(tmp_path, config="[limits]\nstrict_module_settings = true\ncontact_flow_modules_max = 1\n").start()
    try:
        strict = Instance.create(server)
        part = "JSON field is missing or null for field name: settings"
        strict.refused("InvalidRequestException", part, "create_contact_flow_module", **call)
        make(strict)
        another = call | {"Content": module_content("x")}
        strict.refused("LimitExceededException", "quota", "create_contact_flow_module", **another)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def campaign(instance) -> str:
    parts = {"Version": "2019-10-30", "StartAction": "end", "Metadata": {}}
    stop = {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}
    return instance.flow(json.dumps(parts | {"Actions": [stop]}), Type="CAMPAIGN")


def test_versions_of_flows(instance, campaign):
    on = {"ContactFlowId": campaign}
    shown = instance.describe_contact_flow(**on)["ContactFlow"]
    made = instance.create_contact_flow_version(**on, Description="one", FlowContentSha256=shown["FlowContentSha256"])
    assert (made["Version"], made["ContactFlowArn"]) == (1, shown["Arn"])
    renamed = json.loads(shown["Content"])
    renamed["Metadata"] = {"name": "other"}
    instance.update_contact_flow_content(**on, Content=json.dumps(renamed))
    assert instance.create_contact_flow_version(**on)["Version"] == 2
    first = instance.describe_contact_flow(ContactFlowId=f"{campaign}:1")["ContactFlow"]
    assert (first["Content"], first["Version"], first["VersionDescription"]) == (shown["Content"], 1, "one")
    pages = instance.pages("list_contact_flow_versions", "ContactFlowVersionSummaryList", 1, **on)
    assert [entry["Version"] for page in pages for entry in page] == [1, 2]
    assert pages[0][0]["Arn"] == f"{shown['Arn']}:1"
    instance.delete_contact_flow_version(**on, ContactFlowVersion=2)
    delete, create = "delete_contact_flow_version", "create_contact_flow_version"
    instance.refused("ResourceNotFoundException", "flow version", delete, **on, ContactFlowVersion=2)
    instance.refused("ResourceNotFoundException", "flow version", "describe_contact_flow", ContactFlowId=f"{campaign}:2")
    instance.refused("InvalidRequestException", "checksum", create, **on, FlowContentSha256="0" * 64)
    instance.refused("InvalidRequestException", "is 3", create, **on, ContactFlowVersion=2)
    instance.refused("InvalidRequestException", "CAMPAIGN", create, ContactFlowId=instance.flow())
    assert instance.create_contact_flow_version(**on, ContactFlowVersion=3)["Version"] == 3
    instance.delete_contact_flow(**on)
