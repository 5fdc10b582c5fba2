"""Users, their proficiencies, predefined attributes and security profiles after they are made."""

import pytest

from harness import flows
from harness.connect import absent_id, unique


def skill(attribute: str, value: str, level: float) -> dict:
    return {"AttributeName": attribute, "AttributeValue": value, "Level": level}


def unlevelled(*skills: dict) -> list[dict]:
    return [{"AttributeName": one["AttributeName"], "AttributeValue": one["AttributeValue"]} for one in skills]


def attribute_of(instance, *values: str) -> str:
    name = unique("attribute")
    instance.create_predefined_attribute(Name=name, Values={"StringList": list(values)})
    return name


def skills_of(instance, user: str) -> dict[tuple, float]:
    listed = instance.list_user_proficiencies(UserId=user)["UserProficiencyList"]
    return {(one["AttributeName"], one["AttributeValue"]): one["Level"] for one in listed}


def test_identity_and_security_profiles_of_a_user(instance):
    user, admin = instance.user(), instance.security_profile_id("Admin")
    identity = {"FirstName": "Bea", "LastName": "Sample", "Email": "bea@example.com"}
    instance.update_user_identity_info(UserId=user, IdentityInfo=identity)
    instance.update_user_security_profiles(UserId=user, SecurityProfileIds=[admin])
    shown = instance.describe_user(UserId=user)["User"]
    assert (shown["IdentityInfo"], shown["SecurityProfileIds"]) == (identity, [admin])
    identify, secure = "update_user_identity_info", "update_user_security_profiles"
    instance.refused("ResourceNotFoundException", "user", identify, UserId=absent_id(), IdentityInfo=identity)
    instance.refused("ResourceNotFoundException", "user", secure, UserId=absent_id(), SecurityProfileIds=[admin])
    absent = {"UserId": user, "SecurityProfileIds": [absent_id()]}
    instance.refused("ResourceNotFoundException", "security profile", secure, **absent)
    none = {"UserId": user, "SecurityProfileIds": []}
    instance.refused("InvalidParameterException", "at least 1", secure, **none)


def test_proficiencies(instance):
    user, language, product = instance.user(), attribute_of(instance, "en", "de"), attribute_of(instance)
    assert skills_of(instance, user) == {}
    three = [skill(language, "en", 5.0), skill(language, "de", 2.2), skill(product, "anything", 1.0)]
    for _ in range(2):
        instance.associate_user_proficiencies(UserId=user, UserProficiencies=three)
        assert skills_of(instance, user) == {
            (language, "en"): 5.0,
            (language, "de"): 2.2,
            (product, "anything"): 1.0,
        }
    pages = instance.pages("list_user_proficiencies", "UserProficiencyList", 2, UserId=user)
    assert [len(page) for page in pages] == [2, 1]
    instance.update_user_proficiencies(UserId=user, UserProficiencies=[skill(language, "de", 4.0)])
    assert skills_of(instance, user)[(language, "de")] == 4.0
    for _ in range(2):
        gone = unlevelled(three[0], three[2])
        instance.disassociate_user_proficiencies(UserId=user, UserProficiencies=gone)
        assert skills_of(instance, user) == {(language, "de"): 4.0}

    error = instance.refused("ResourceInUseException", user, "delete_predefined_attribute", Name=language)
    assert error["ResourceId"] == instance.user_arn(user)


def test_refused_proficiencies(instance):
    user, language = instance.user(), attribute_of(instance, "en", "de")
    associate, update = "associate_user_proficiencies", "update_user_proficiencies"

    def refused(exception, part, operation, *skills):
        instance.refused(exception, part, operation, UserId=user, UserProficiencies=list(skills))

    refused("ResourceNotFoundException", "nobody", associate, skill("nobody", "x", 1.0))
    refused("InvalidParameterException", "UpdatePredefinedAttribute", associate, skill(language, "fr", 1.0))
    refused("InvalidParameterException", "Level", associate, skill(language, "en", 6.0))
    refused("InvalidParameterException", "twice", associate, skill(language, "en", 1.0), skill(language, "en", 2.0))
    refused("InvalidParameterException", "twice", update, skill(language, "en", 1.0), skill(language, "en", 2.0))
    refused("InvalidRequestException", "AssociateUserProficiencies", update, skill(language, "en", 1.0))
    free = attribute_of(instance)
    eleven = [skill(free, str(n), 1.0) for n in range(11)]
    refused("InvalidRequestException", "the most is 10", associate, *eleven)
    for operation in (associate, update):
        absent = {"UserId": absent_id(), "UserProficiencies": [skill(language, "en", 1.0)]}
        instance.refused("ResourceNotFoundException", "user", operation, **absent)
    absent = {"UserId": absent_id(), "UserProficiencies": unlevelled(skill(language, "en", 1.0))}
    instance.refused("ResourceNotFoundException", "user", "disassociate_user_proficiencies", **absent)
    instance.refused("ResourceNotFoundException", "user", "list_user_proficiencies", UserId=absent_id())
    nonsense = {"UserId": user, "NextToken": "nonsense"}
    instance.refused("InvalidParameterException", "NextToken", "list_user_proficiencies", **nonsense)


def test_a_change_of_proficiencies_reaches_routing_with_its_answer(fresh):
    language, user = attribute_of(fresh, "en"), fresh.user()
    statuses = fresh.list_agent_statuses()["AgentStatusSummaryList"]
    available = next(status["Id"] for status in statuses if status["Name"] == "Available")
    task = fresh.task(ContactFlowId=fresh.flow(flows.into_queue(fresh.queue_id())))
    fresh.when_queued(task)
    condition = {
        "Name": language,
        "Value": "en",
        "ComparisonOperator": "NumberGreaterOrEqualTo",
        "ProficiencyLevel": 3.0,
    }
    step = {"Expression": {"AttributeCondition": condition}}
    fresh.update_contact_routing_data(ContactId=task, RoutingCriteria={"Steps": [step]})
    fresh.put_user_status(UserId=user, AgentStatusId=available)

    def offered() -> list[str]:
        data = fresh.get_current_user_data(Filters={"Agents": [user]})["UserDataList"][0]
        return [contact["ContactId"] for contact in data["Contacts"]]

    fresh.associate_user_proficiencies(UserId=user, UserProficiencies=[skill(language, "en", 2.0)])
    assert offered() == []
    fresh.update_user_proficiencies(UserId=user, UserProficiencies=[skill(language, "en", 3.0)])
    assert offered() == [task]


def test_changes_of_predefined_attributes(instance):
    name = attribute_of(instance, "a")
    instance.update_predefined_attribute(Name=name, Values={"StringList": ["a", "b"]})
    instance.update_predefined_attribute(
        Name=name, Purposes=["proficiency"], AttributeConfiguration={"EnableValueValidationOnAssociation": True}
    )
    shown = instance.describe_predefined_attribute(Name=name)["PredefinedAttribute"]
    assert (shown["Values"], shown["Purposes"]) == ({"StringList": ["a", "b"]}, ["proficiency"])
    assert shown["AttributeConfiguration"] == {"EnableValueValidationOnAssociation": True, "IsReadOnly": False}
    update = "update_predefined_attribute"
    instance.refused("ResourceNotFoundException", "nothing", update, Name="nothing")
    values = {"Values": {"StringList": ["x"]}}
    instance.refused("InvalidRequestException", "system", update, Name="connect:Language", **values)


def test_changes_of_security_profiles(instance):
    profile = instance.create_security_profile(SecurityProfileName=unique("profile"))["SecurityProfileId"]
    described = {"SecurityProfileId": profile}
    instance.update_security_profile(**described, Description="what for", Permissions=["Users.View", "Queues.View"])
    instance.update_security_profile(
        **described,
        AllowedAccessControlTags={"team": "blue"},
        TagRestrictedResources=["User"],
        Applications=[{"Namespace": "app", "ApplicationPermissions": ["ACCESS"]}],
    )
    shown = instance.describe_security_profile(**described)["SecurityProfile"]
    assert (shown["Description"], shown["AllowedAccessControlTags"]) == ("what for", {"team": "blue"})
    assert shown["TagRestrictedResources"] == ["User"]
    pages = instance.pages("list_security_profile_permissions", "Permissions", 1, **described)
    assert pages == [["Queues.View"], ["Users.View"]]

    user = instance.user(SecurityProfileIds=[profile])
    delete = "delete_security_profile"
    error = instance.refused("ResourceInUseException", user, delete, **described)
    assert (error["ResourceType"], error["ResourceId"]) == ("USER", instance.user_arn(user))
    instance.delete_user(UserId=user)
    instance.delete_security_profile(**described)
    admin = instance.security_profile_id("Admin")
    instance.refused("InvalidRequestException", "came with", delete, SecurityProfileId=admin)
    absent = {"AllowedAccessControlHierarchyGroupId": absent_id()}
    instance.refused("ResourceNotFoundException", None, "update_security_profile", SecurityProfileId=admin, **absent)


@pytest.mark.parametrize(
    "operation", ["update_security_profile", "delete_security_profile", "list_security_profile_permissions"]
)
def test_a_security_profile_that_is_not_there(instance, operation):
    instance.refused("ResourceNotFoundException", "security profile", operation, SecurityProfileId=absent_id())
