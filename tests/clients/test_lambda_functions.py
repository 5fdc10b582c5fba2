"""The functions that the flows of an instance may call."""

from harness.connect import absent_id


def arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"


def listed(instance) -> list[str]:
    return sorted(instance.list_lambda_functions()["LambdaFunctions"])


def test_functions_are_allowed_and_taken_away_again(fresh):
    assert listed(fresh) == []
    made = sorted(arn(f"look-up-{n}") for n in range(5)) + [arn("look-up-9:$LATEST")]
    for function in made:
        fresh.associate_lambda_function(FunctionArn=function)
    assert listed(fresh) == made
    pages = fresh.pages("list_lambda_functions", "LambdaFunctions", 4)
    assert [len(page) for page in pages] == [4, 2]
    assert sorted(function for page in pages for function in page) == made
    fresh.disassociate_lambda_function(FunctionArn=made[0], InstanceId=fresh.arn)
    assert listed(fresh) == made[1:]


def test_the_same_token_does_it_once(fresh):
    once = {"FunctionArn": arn("once"), "ClientToken": "associate"}
    for _ in range(2):
        fresh.associate_lambda_function(**once)
    away = {"FunctionArn": arn("once"), "ClientToken": "disassociate"}
    for _ in range(2):
        fresh.disassociate_lambda_function(**away)
    assert listed(fresh) == []
    other = once | {"FunctionArn": arn("another")}
    fresh.refused("InvalidRequestException", "ClientToken", "associate_lambda_function", **other)


def test_refused_functions(fresh):
    associate, disassociate = "associate_lambda_function", "disassociate_lambda_function"
    fresh.associate_lambda_function(FunctionArn=arn("known"))
    fresh.refused("ResourceConflictException", "associated", associate, FunctionArn=arn("known"))
    fresh.refused("ResourceNotFoundException", arn("none"), disassociate, FunctionArn=arn("none"))
    # A version is not taken away with the whole, nor the whole with a version.
    fresh.refused("ResourceNotFoundException", "known:1", disassociate, FunctionArn=arn("known:1"))
    fresh.refused("InvalidParameterException", "arn:aws:lambda", associate, FunctionArn="look up")
    fresh.refused("InvalidParameterException", "140", associate, FunctionArn=arn("x" * 140))
    fresh.refused("InvalidParameterException", "NextToken", "list_lambda_functions", NextToken="nonsense")
    for operation in (associate, disassociate):
        absent = {"InstanceId": absent_id(), "FunctionArn": arn("any")}
        fresh.refused("ResourceNotFoundException", "Instance not found", operation, **absent)
    fresh.refused(
        "ResourceNotFoundException", "Instance not found", "list_lambda_functions", InstanceId=absent_id()
    )
