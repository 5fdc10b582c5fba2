"""The hierarchy of users: its levels, its groups, and who is in them."""

import pytest

from harness.agents import Program
from harness.connect import absent_id, unique
from test_events import all_events, of_contact

LEVELS = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"]


def set_levels(instance, *names: str) -> None:
    instance.update_user_hierarchy_structure(HierarchyStructure=structure(*names))


def structure(*names: str) -> dict:
    return {level: {"Name": name} for level, name in zip(LEVELS, names)}


def levels(instance) -> dict[str, str]:
    shown = instance.describe_user_hierarchy_structure()["HierarchyStructure"]
    assert [shown[level]["Id"] for level in LEVELS[: len(shown)]] == [str(n + 1) for n in range(len(shown))]
    return {level: shown[level]["Name"] for level in shown}


def group(instance, name: str, parent: str | None = None, **parameters) -> str:
    below = {"ParentGroupId": parent} if parent else {}
    return instance.create_user_hierarchy_group(Name=name, **below, **parameters)["HierarchyGroupId"]


@pytest.fixture
def tree(fresh) -> dict[str, str]:
    """Two sites, one of them with a team and a squad in it."""
    set_levels(fresh, "Site", "Team", "Squad")
    north = group(fresh, "north", Tags={"color": "blue"})
    team = group(fresh, "team", north)
    return {"north": north, "team": team, "squad": group(fresh, "squad", team), "south": group(fresh, "south")}


def test_levels_of_the_hierarchy(fresh):
    assert levels(fresh) == {}
    set_levels(fresh, "Site", "Team")
    assert levels(fresh) == {"LevelOne": "Site", "LevelTwo": "Team"}
    level = fresh.describe_user_hierarchy_structure()["HierarchyStructure"]["LevelTwo"]
    assert level["Arn"] == fresh.arn_of("agent-group-level", "2")
    set_levels(fresh, "Place", "Team", "Squad", "Row", "Seat")
    assert list(levels(fresh).values()) == ["Place", "Team", "Squad", "Row", "Seat"]
    group(fresh, "squad", group(fresh, "team", group(fresh, "north")))
    set_levels(fresh, "Place", "Team", "Squad")
    update = "update_user_hierarchy_structure"
    two = {"HierarchyStructure": structure("Place", "Team")}
    error = fresh.refused("ResourceInUseException", "LevelThree", update, **two)
    assert error["ResourceType"] == "HIERARCHY_GROUP"
    gap = {"HierarchyStructure": {"LevelOne": {"Name": "Site"}, "LevelThree": {"Name": "Squad"}}}
    fresh.refused("InvalidParameterException", "LevelTwo", update, **gap)
    for name in ("", "n" * 51):
        fresh.refused("InvalidParameterException", "LevelOne.Name", update, HierarchyStructure=structure(name))


def test_groups_of_the_hierarchy(fresh, tree):
    shown = fresh.describe_user_hierarchy_group(HierarchyGroupId=tree["squad"])["HierarchyGroup"]
    assert (shown["Name"], shown["LevelId"]) == ("squad", "3")
    assert shown["Arn"] == fresh.arn_of("agent-group", tree["squad"])
    path = shown["HierarchyPath"]
    assert [path[level]["Id"] for level in LEVELS[:3]] == [tree["north"], tree["team"], tree["squad"]]
    assert set(path) == set(LEVELS[:3])
    by_arn = fresh.describe_user_hierarchy_group(HierarchyGroupId=shown["Arn"])["HierarchyGroup"]
    assert by_arn == shown
    pages = fresh.pages("list_user_hierarchy_groups", "UserHierarchyGroupSummaryList", 3)
    assert [len(page) for page in pages] == [3, 1]
    assert {entry["Name"]: entry["Id"] for page in pages for entry in page} == tree
    fresh.update_user_hierarchy_group_name(HierarchyGroupId=tree["south"], Name="coast")
    renamed = fresh.describe_user_hierarchy_group(HierarchyGroupId=tree["south"])["HierarchyGroup"]
    assert renamed["Name"] == "coast"
    # The same name is free below another group.
    group(fresh, "team", tree["south"])
    fresh.tag_resource(resourceArn=shown["Arn"], tags={"color": "red"})
    assert fresh.list_tags_for_resource(resourceArn=shown["Arn"])["tags"] == {"color": "red"}
    fresh.delete_user_hierarchy_group(HierarchyGroupId=tree["squad"])
    absent = {"HierarchyGroupId": tree["squad"]}
    fresh.refused("ResourceNotFoundException", "hierarchy group", "describe_user_hierarchy_group", **absent)


def test_refused_groups(fresh, tree):
    create, delete, rename = (f"{verb}_user_hierarchy_group" for verb in ("create", "delete", "update"))
    rename += "_name"
    fresh.refused("InvalidRequestException", "3 levels", create, Name="deep", ParentGroupId=tree["squad"])
    fresh.refused("ResourceNotFoundException", "hierarchy group", create, Name="x", ParentGroupId=absent_id())
    fresh.refused("DuplicateResourceException", "already exists", create, Name="north")
    fresh.refused("InvalidParameterException", "Name", create, Name="n" * 101)
    fresh.refused("DuplicateResourceException", "already exists", rename, HierarchyGroupId=tree["south"], Name="north")
    fresh.refused("ResourceNotFoundException", "hierarchy group", rename, HierarchyGroupId=absent_id(), Name="x")
    error = fresh.refused("ResourceInUseException", "below", delete, HierarchyGroupId=tree["team"])
    assert (error["ResourceType"], error["ResourceId"]) == (
        "HIERARCHY_GROUP",
        fresh.arn_of("agent-group", tree["squad"]),
    )
    user = fresh.user(HierarchyGroupId=tree["south"])
    error = fresh.refused("ResourceInUseException", user, delete, HierarchyGroupId=tree["south"])
    assert (error["ResourceType"], error["ResourceId"]) == ("USER", fresh.user_arn(user))
    profile = fresh.security_profile_id("Agent")
    fresh.update_user_hierarchy(UserId=user)
    fresh.update_security_profile(SecurityProfileId=profile, AllowedAccessControlHierarchyGroupId=tree["south"])
    shown = fresh.describe_security_profile(SecurityProfileId=profile)["SecurityProfile"]
    assert shown["AllowedAccessControlHierarchyGroupId"] == tree["south"]
    fresh.refused("ResourceInUseException", profile, delete, HierarchyGroupId=tree["south"])
    moved = {"UserId": user, "HierarchyGroupId": absent_id()}
    fresh.refused("ResourceNotFoundException", "hierarchy group", "update_user_hierarchy", **moved)
    nobody = {"UserId": absent_id(), "HierarchyGroupId": tree["north"]}
    fresh.refused("ResourceNotFoundException", "user", "update_user_hierarchy", **nobody)


def test_users_by_group(fresh, tree):
    one, two = fresh.user(HierarchyGroupId=tree["north"]), fresh.user()
    fresh.update_user_hierarchy(UserId=two, HierarchyGroupId=fresh.arn_of("agent-group", tree["squad"]))
    assert fresh.describe_user(UserId=two)["User"]["HierarchyGroupId"] == tree["squad"]
    outside = fresh.user()

    def found(name: str, match: str) -> set[str]:
        condition = {"HierarchyGroupCondition": {"Value": tree[name], "HierarchyGroupMatchType": match}}
        by_criteria = fresh.search_users(SearchCriteria=condition)["Users"]
        by_filter = fresh.search_users(SearchFilter={"UserAttributeFilter": condition})["Users"]
        in_groups = {"OrConditions": [{"HierarchyGroupCondition": condition["HierarchyGroupCondition"]}]}
        by_choice = fresh.search_users(SearchFilter={"UserAttributeFilter": in_groups})["Users"]
        ids = {user["Id"] for user in by_criteria}
        assert ids == {user["Id"] for user in by_filter} == {user["Id"] for user in by_choice}
        return ids

    assert found("north", "EXACT") == {one}
    assert found("north", "WITH_CHILD_GROUPS") == {one, two}
    assert found("team", "WITH_CHILD_GROUPS") == {two}
    assert found("south", "WITH_CHILD_GROUPS") == set()

    def current(*groups: str) -> dict[str, dict]:
        filters = {"UserHierarchyGroups": list(groups)}
        return {data["User"]["Id"]: data for data in fresh.get_current_user_data(Filters=filters)["UserDataList"]}

    assert set(current(tree["north"])) == {one, two}
    path = current(tree["team"])[two]["HierarchyPath"]
    assert [path[level]["Id"] for level in LEVELS[:3]] == [tree["north"], tree["team"], tree["squad"]]
    absent = {"Filters": {"UserHierarchyGroups": [absent_id()]}}
    fresh.refused("ResourceNotFoundException", "hierarchy group", "get_current_user_data", **absent)
    fresh.update_user_hierarchy(UserId=two)
    assert "HierarchyGroupId" not in fresh.describe_user(UserId=two)["User"]
    assert outside not in current(tree["north"])


def test_search_of_groups(fresh, tree):
    def found(field: str, value: str, comparison: str = "EXACT") -> set[str]:
        condition = {"FieldName": field, "Value": value, "ComparisonType": comparison}
        answer = fresh.search_user_hierarchy_groups(SearchCriteria={"StringCondition": condition})
        assert answer["ApproximateTotalCount"] == len(answer["UserHierarchyGroups"])
        return {entry["Name"] for entry in answer["UserHierarchyGroups"]}

    assert found("name", "th", "CONTAINS") == {"north", "south"}
    assert found("parentId", tree["north"]) == {"team"}
    assert found("levelId", "1") == {"north", "south"}
    tagged = {"AttributeFilter": {"TagCondition": {"TagKey": "color", "TagValue": "blue"}}}
    blue = fresh.search_user_hierarchy_groups(SearchFilter=tagged)["UserHierarchyGroups"]
    assert [entry["Id"] for entry in blue] == [tree["north"]]
    wrong = {"StringCondition": {"FieldName": "color", "Value": "x", "ComparisonType": "EXACT"}}
    fresh.refused("InvalidParameterException", "name", "search_user_hierarchy_groups", SearchCriteria=wrong)


def test_groups_in_contacts_and_events(fresh, tree):
    user = fresh.user(HierarchyGroupId=tree["team"])
    program = Program(fresh, user)
    program.status("Available")
    task = fresh.task(ContactFlowId=fresh.flow(), Name=unique("task"))
    fresh.when(task, lambda _: program.contacts() == {task: "CONNECTING"}, "offered")
    for action in ("accept", "end", "close"):
        program.act(task, action)
    arns = [fresh.arn_of("agent-group", tree[name]) for name in ("north", "team")]
    groups = fresh.contact(task)["AgentInfo"]["HierarchyGroups"]
    assert groups == {"Level1": {"Arn": arns[0]}, "Level2": {"Arn": arns[1]}}
    events = all_events(fresh)
    last = of_contact(events, task)[-1]
    assert last["Event"]["detail"]["agentInfo"]["hierarchyGroups"] == {
        "level1": {"arn": arns[0]},
        "level2": {"arn": arns[1]},
    }
    assert last["ContactRecord"]["Agent"]["HierarchyGroups"] == {
        "Level1": {"ARN": arns[0], "GroupName": "north"},
        "Level2": {"ARN": arns[1], "GroupName": "team"},
    }
    snapshots = [event["Event"]["CurrentAgentSnapshot"] for event in events if event["Type"] == "AGENT"]
    assert snapshots[-1]["Configuration"]["AgentHierarchyGroups"] == {
        "Level1": {"ARN": arns[0], "Name": "north"},
        "Level2": {"ARN": arns[1], "Name": "team"},
    }
