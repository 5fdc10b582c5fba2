"""Checks every answer of the server against botocore's own model of the service.

A success must hold no member that the model lacks, no null, and the model's types in the raw JSON (timestamps are
numbers). A refusal must be declared by the operation or be one of the errors common to all operations.
"""

from __future__ import annotations

import json
import uuid

import botocore.validate

# Errors that any operation may answer with: the front door's, and those of a server that lacks the operation.
COMMON_ERRORS = {
    "AccessDeniedException": 403,
    "BadRequestException": 400,
    "ExpiredTokenException": 403,
    "IncompleteSignatureException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "NotImplemented": 501,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailable": 503,
    "TooManyRequestsException": 429,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
}

JSON_TYPES = {
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}


class AnswerChecker:
    """Listens to a boto3 client and judges each answer. Raises AssertionError out of the call that got it."""

    def __init__(self):
        # The names of the operations that were answered with success.
        self.succeeded: set[str] = set()

    def listen(self, client) -> None:
        client.meta.events.register("after-call.connect.*", self.judge)

    def judge(self, http_response, parsed, model, **_):
        where = model.name
        request_id = http_response.headers.get("x-amzn-requestid")
        assert request_id and uuid.UUID(request_id), f"{where}: no request id in {dict(http_response.headers)}"
        assert http_response.headers.get("content-type", "").startswith("application/json"), f"{where}: content type"
        body = json.loads(http_response.content)
        if http_response.status_code == 200:
            self._success(model, body, parsed)
        else:
            self._refusal(model, body, http_response)

    def _success(self, model, body, parsed) -> None:
        if model.output_shape is None:
            assert body == {}, f"{model.name}: an answer without members is {{}}, not {body}"
        else:
            check_value(model.output_shape, body, model.name)
            answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            report = botocore.validate.ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), f"{model.name}: {report.generate_report()}"
        self.succeeded.add(model.name)

    def _refusal(self, model, body, http_response) -> None:
        name = http_response.headers.get("x-amzn-errortype", "").split(":")[0]
        declared = {shape.name: shape for shape in model.error_shapes}
        where = f"{model.name} refused with {name!r} {http_response.status_code} {body}"
        assert name in declared or name in COMMON_ERRORS, f"{where}: declared are {sorted(declared)}"
        assert body.get("__type", name) == name, where
        members = {member: value for member, value in body.items() if member != "__type"}
        if name in declared:
            shape = declared[name]
            assert http_response.status_code == shape.metadata["error"]["httpStatusCode"], where
            check_value(shape, members, where)
        else:
            assert http_response.status_code == COMMON_ERRORS[name], where
            assert set(members) <= {"message", "Message"}, where
        assert any(members.values()), f"{where}: says nothing"


def check_value(shape, value, path: str) -> None:
    """Compares one raw JSON value with a shape of the model, all the way down."""
    kind = shape.type_name
    assert value is not None, f"{path}: null"
    if kind == "structure":
        assert isinstance(value, dict), f"{path}: {value!r} is no object"
        for name, inner in value.items():
            assert name in shape.members, f"{path}: the model has no member {name!r}"
            check_value(shape.members[name], inner, f"{path}.{name}")
        if getattr(shape, "is_tagged_union", False):
            assert len(value) == 1, f"{path}: a union with the members {sorted(value)}"
    elif kind == "list":
        assert isinstance(value, list), f"{path}: {value!r} is no list"
        for index, inner in enumerate(value):
            check_value(shape.member, inner, f"{path}[{index}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{path}: {value!r} is no object"
        for key, inner in value.items():
            check_value(shape.key, key, f"{path} key")
            check_value(shape.value, inner, f"{path}.{key}")
    elif kind == "timestamp":
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        assert number, f"{path}: {value!r} is no epoch number"
        assert 1e9 < value < 1e11, f"{path}: {value!r} is not in seconds"
    else:
        expected = JSON_TYPES[kind]
        assert isinstance(value, expected), f"{path}: {value!r} is no {kind}"
        assert isinstance(value, bool) == (kind == "boolean"), f"{path}: {value!r} is no {kind}"
        if shape.enum if kind == "string" else ():
            assert value in shape.enum, f"{path}: {value!r} is none of {shape.enum}"
