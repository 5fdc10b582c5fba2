"""Search of configuration: by text, by tags, by what else the criteria of a search have, and in pages."""

import pytest

from harness.connect import absent_id, unique


def text(field: str, value: str, comparison: str = "EXACT") -> dict:
    return {"StringCondition": {"FieldName": field, "Value": value, "ComparisonType": comparison}}


def tagged(value: str) -> dict:
    return {"TagKey": "color", "TagValue": value}


# Of each search: the operation, the member with what is found, the id in it, and what makes one with a name and tags.
SEARCHES = {
    "queues": ("search_queues", "Queues", "QueueId", lambda i, **p: i.queue(**p)),
    "hours": (
        "search_hours_of_operations",
        "HoursOfOperations",
        "HoursOfOperationId",
        lambda i, **p: i.create_hours_of_operation(TimeZone="UTC", Config=[], **p)["HoursOfOperationId"],
    ),
    "quick connects": (
        "search_quick_connects",
        "QuickConnects",
        "QuickConnectId",
        lambda i, **p: i.quick_connect(**p),
    ),
    "security profiles": (
        "search_security_profiles",
        "SecurityProfiles",
        "Id",
        lambda i, Name, **p: i.create_security_profile(SecurityProfileName=Name, **p)["SecurityProfileId"],
    ),
    "agent statuses": (
        "search_agent_statuses",
        "AgentStatuses",
        "AgentStatusId",
        lambda i, **p: i.create_agent_status(State="ENABLED", **p)["AgentStatusId"],
    ),
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_search(instance, kind):
    operation, member, id_member, make = SEARCHES[kind]
    blue = make(instance, Name="Zeta blue", Description="all of it", Tags={"color": "blue"})
    red = make(instance, Name="Zeta red", Description="some", Tags={"color": "red"})

    def found(**parameters) -> set[str]:
        answer = getattr(instance, operation)(**parameters)
        assert answer["ApproximateTotalCount"] == len(answer[member])
        return {entry[id_member] for entry in answer[member]}

    assert found() >= {blue, red}
    assert found(SearchCriteria=text("name", "zeta", "STARTS_WITH")) == {blue, red}
    assert found(SearchCriteria=text("name", "A BL", "CONTAINS")) == {blue}
    assert found(SearchCriteria=text("description", "some")) >= {red}
    assert found(SearchCriteria=text("resourceID", red)) == {red}
    both = [text("name", "zeta", "STARTS_WITH"), text("description", "all", "STARTS_WITH")]
    assert found(SearchCriteria={"AndConditions": both}) == {blue}
    either = [text("name", "zeta red"), text("name", "zeta blue")]
    assert found(SearchCriteria={"OrConditions": either}) == {blue, red}
    assert found(SearchCriteria={"OrConditions": either} | text("resourceID", blue)) == {blue}
    if kind == "agent statuses":
        filters = [{"TagCondition": tagged("red")}, {"AndCondition": {"TagConditions": [tagged("red")]}}]
        filters += [{"OrConditions": [{"TagConditions": [tagged("red")]}, {"TagConditions": [tagged("green")]}]}]
        wrap = "AttributeFilter"
    else:
        filters = [{"TagCondition": tagged("red")}, {"AndConditions": [tagged("red")]}]
        filters += [{"OrConditions": [[tagged("red")], [tagged("green"), tagged("blue")]]}]
        wrap = "TagFilter"
    for condition in filters:
        assert found(SearchFilter={wrap: condition}) == {red}
    assert found(SearchFilter={wrap: {"TagCondition": {"TagKey": "color"}}}) == {blue, red}
    first = instance.client.get_paginator(operation).paginate(
        InstanceId=instance.id,
        SearchCriteria=text("name", "zeta", "STARTS_WITH"),
        PaginationConfig={"PageSize": 1},
    )
    pages = [[entry[id_member] for entry in page[member]] for page in first]
    assert sorted(pages) == sorted([[blue], [red]])

    def refused(exception, part, **parameters):
        instance.refused(exception, part, operation, **parameters)

    refused("InvalidParameterException", "resourceID", SearchCriteria=text("color", "x"))
    refused("InvalidParameterException", "whole", SearchCriteria={"StringCondition": {"Value": "x"}})
    refused("InvalidParameterException", "NextToken", NextToken="nonsense")
    refused("ResourceNotFoundException", "Instance not found", InstanceId=absent_id())


def test_search_of_queues_by_type(fresh):
    fresh.user()
    answer = fresh.search_queues(SearchCriteria={"QueueTypeCondition": "STANDARD"})
    assert [queue["Name"] for queue in answer["Queues"]] == ["BasicQueue"]
    assert answer == fresh.search_queues() | {"ResponseMetadata": answer["ResponseMetadata"]}
    wrong = {"SearchCriteria": {"QueueTypeCondition": "AGENT"}}
    fresh.refused("InvalidParameterException", "QueueTypeCondition", "search_queues", **wrong)


def test_search_of_predefined_attributes(instance):
    name = unique("Plain")
    instance.create_predefined_attribute(Name=name, Values={"StringList": ["x"]})
    answer = instance.search_predefined_attributes(SearchCriteria=text("name", "plain", "STARTS_WITH"))
    (found,) = answer["PredefinedAttributes"]
    assert (found["Name"], found["Values"]) == (name, {"StringList": ["x"]})
    assert len(instance.search_predefined_attributes()["PredefinedAttributes"]) > 1
    search = "search_predefined_attributes"
    instance.refused("InvalidParameterException", "name", search, SearchCriteria=text("value", "x"))


def test_search_of_users(fresh):
    fresh.create_predefined_attribute(Name="language", Values={"StringList": ["en", "de"]})
    blue = fresh.user(Username="blue.ann", IdentityInfo={"FirstName": "Ann", "LastName": "Moss"}, Tags={"color": "blue"})
    red = fresh.user(Username="red.bob", IdentityInfo={"FirstName": "Bob", "LastName": "Moss"}, Tags={"color": "red"})

    def skill(user, value, level):
        skills = [{"AttributeName": "language", "AttributeValue": value, "Level": level}]
        fresh.associate_user_proficiencies(UserId=user, UserProficiencies=skills)

    skill(blue, "en", 5.0)
    skill(blue, "de", 1.0)
    skill(red, "de", 4.0)

    def found(**parameters) -> set[str]:
        answer = fresh.search_users(**parameters)
        assert answer["ApproximateTotalCount"] == len(answer["Users"])
        return {user["Id"] for user in answer["Users"]}

    assert found() == {blue, red}
    assert found(SearchCriteria=text("Username", "BLUE", "STARTS_WITH")) == {blue}
    assert found(SearchCriteria=text("lastname", "moss")) == {blue, red}
    assert found(SearchCriteria=text("FirstName", "o", "CONTAINS")) == {red}
    assert found(SearchCriteria=text("RoutingProfileId", fresh.routing_profile_id())) == {blue, red}
    assert found(SearchCriteria=text("SecurityProfileId", fresh.security_profile_id("Admin"))) == set()
    assert found(SearchFilter={"TagFilter": {"TagCondition": tagged("red")}}) == {red}
    by_attribute = {"UserAttributeFilter": {"AndCondition": {"TagConditions": [tagged("blue")]}}}
    assert found(SearchFilter=by_attribute) == {blue}
    (shown,) = fresh.search_users(SearchCriteria=text("resourceId", blue))["Users"]
    assert shown["Arn"] == fresh.user_arn(blue)
    assert shown["IdentityInfo"] == {"FirstName": "Ann", "LastName": "Moss"}

    def proficient(comparison, minimum=None, maximum=None, value="de") -> set[str]:
        bounds = {"MinValue": minimum, "MaxValue": maximum}
        level = {"FieldName": "language", "ComparisonType": comparison}
        level |= {name: bound for name, bound in bounds.items() if bound is not None}
        conditions = [{"NumberCondition": level}, text("language", value)]
        listed = {"TargetListType": "PROFICIENCIES", "Conditions": conditions}
        return found(SearchCriteria={"ListCondition": listed})

    assert proficient("GREATER_OR_EQUAL", minimum=4) == {red}
    assert proficient("GREATER", minimum=1) == {red}
    assert proficient("LESSER", maximum=4) == {blue}
    assert proficient("LESSER_OR_EQUAL", maximum=4) == {blue, red}
    assert proficient("EQUAL", minimum=1) == {blue}
    assert proficient("NOT_EQUAL", minimum=1) == {red}
    assert proficient("RANGE", 1, 3) == {blue}
    assert proficient("RANGE", 4, 5, value="en") == {blue}

    def refused(exception, part, **parameters):
        fresh.refused(exception, part, "search_users", **parameters)

    no_bound = {"NumberCondition": {"FieldName": "language", "ComparisonType": "GREATER"}}
    refused("InvalidParameterException", "MinValue", SearchCriteria={"ListCondition": {"Conditions": [no_bound]}})
    nameless = {"NumberCondition": {"MinValue": 1, "ComparisonType": "GREATER"}}
    refused("InvalidParameterException", "FieldName", SearchCriteria={"ListCondition": {"Conditions": [nameless]}})
    group = {"HierarchyGroupCondition": {"Value": absent_id(), "HierarchyGroupMatchType": "EXACT"}}
    refused("ResourceNotFoundException", "hierarchy group", SearchCriteria=group)
    refused("ResourceNotFoundException", "hierarchy group", SearchFilter={"UserAttributeFilter": group})
    refused("InvalidParameterException", "Username", SearchCriteria=text("color", "x"))


def test_a_search_gives_after_contact_work_in_milliseconds(fresh):
    phone = {"PhoneType": "SOFT_PHONE", "AutoAccept": False, "AfterContactWorkTimeLimit": 7}
    user = fresh.user(Username="ann", PhoneConfig=phone)
    [found] = fresh.search_users()["Users"]
    assert found["PhoneConfig"]["AfterContactWorkTimeLimit"] == 7_000
    assert fresh.describe_user(UserId=user)["User"]["PhoneConfig"]["AfterContactWorkTimeLimit"] == 7


def test_search_of_flows(instance):
    blue = instance.flow(Name="Flow blue", Description="all of it", Tags={"color": "blue"})
    red = instance.flow(Name="Flow red", Tags={"color": "red"}, Status="SAVED")

    def found(**parameters) -> set[str]:
        answer = instance.search_contact_flows(**parameters)
        assert answer["ApproximateTotalCount"] == len(answer["ContactFlows"])
        assert all("Content" not in flow for flow in answer["ContactFlows"])
        return {flow["Id"] for flow in answer["ContactFlows"]}

    named = text("name", "flow ", "STARTS_WITH")
    assert found() > {blue, red}
    assert found(SearchCriteria=named) == {blue, red}
    assert found(SearchCriteria=named | {"StatusCondition": "SAVED"}) == {red}
    assert found(SearchCriteria=named | {"StatusCondition": "PUBLISHED", "StateCondition": "ACTIVE"}) == {blue}
    assert found(SearchCriteria=named | {"TypeCondition": "CUSTOMER_QUEUE"}) == set()
    default = instance.default_flow_id("Default queue transfer")
    assert found(SearchCriteria={"TypeCondition": "QUEUE_TRANSFER"}) == {default}
    assert found(SearchFilter={"TagFilter": {"TagCondition": tagged("red")}}) == {red}

    def typed(value: str) -> dict:
        return {"ContactFlowTypeCondition": {"ContactFlowType": value}}

    def by_attribute(**condition) -> set[str]:
        return found(SearchFilter={"FlowAttributeFilter": condition})

    assert by_attribute(**typed("QUEUE_TRANSFER")) == {default}
    assert by_attribute(AndCondition={"TagConditions": [tagged("blue")]} | typed("CONTACT_FLOW")) == {blue}
    either = [{"TagConditions": [tagged("blue")]}, typed("QUEUE_TRANSFER")]
    assert by_attribute(OrConditions=either) == {blue, default}
    assert by_attribute(TagCondition=tagged("red")) == {red}

    search = "search_contact_flows"
    instance.refused("InvalidParameterException", "resourceID", search, SearchCriteria=text("color", "x"))
    instance.refused("InvalidParameterException", "NextToken", search, NextToken="nonsense")


def test_the_older_way_to_rename_a_flow(instance):
    flow, name = instance.flow(), unique("renamed")
    instance.update_contact_flow_name(ContactFlowId=flow, Name=name)
    instance.update_contact_flow_name(ContactFlowId=flow, Description="what for")
    shown = instance.describe_contact_flow(ContactFlowId=flow)["ContactFlow"]
    assert (shown["Name"], shown["Description"]) == (name, "what for")
    rename, other = "update_contact_flow_name", unique("other")
    instance.flow(Name=other)
    instance.refused("DuplicateResourceException", other, rename, ContactFlowId=flow, Name=other)
    instance.refused("InvalidRequestException", "Name, Description", rename, ContactFlowId=flow)
    instance.refused("ResourceNotFoundException", None, rename, ContactFlowId=absent_id(), Name="n")
