"""Holds the answers of the agent interface to the schemas of its own OpenAPI document."""

from __future__ import annotations

import functools
import json
import re
import urllib.request

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


@functools.cache
def document(url: str) -> dict:
    with urllib.request.urlopen(f"{url}/agent/v1/openapi.json", timeout=60) as answer:
        return json.load(answer)


def check(url: str, method: str, path: str, status: int, content) -> None:
    """Raises AssertionError unless the content is what the document says of this path, below `/agent/v1/`."""
    found = _operation(document(url), method.lower(), path)
    if found is None:
        assert status in (404, 405), f"{method} {path} is answered with {status} and not in the document"
        return
    answer = found["responses"].get(str(status)) or found["responses"].get("default")
    assert answer, f"{method} {path}: the document has no answer {status}"
    schema = answer["content"]["application/json"]["schema"]
    _check(document(url), schema, content, f"{method} {path} {status}")


def check_snapshot(url: str, content) -> None:
    """The same of what a stream brings."""
    _check(document(url), {"$ref": "#/components/schemas/Snapshot"}, content, "a snapshot of the stream")


def _operation(api: dict, method: str, path: str) -> dict | None:
    for form, item in api["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(form))
        if method in item and re.fullmatch(pattern, f"/agent/v1/{path}"):
            return item[method]
    return None


def _check(api: dict, schema: dict, value, where: str) -> None:
    if "$ref" in schema:
        return _check(api, api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, where)
    if "anyOf" in schema:
        inner, null = schema["anyOf"]
        assert null == {"type": "null"}, where
        return None if value is None else _check(api, inner, value, where)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = any(isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds)
    assert fits, f"{where}: {value!r} is no {kinds}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list):
        for place, item in enumerate(value):
            _check(api, schema["items"], item, f"{where}[{place}]")
    if isinstance(value, dict):
        missing = set(schema.get("required", ())) - set(value)
        assert not missing, f"{where}: without {missing}"
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if inner is None and "properties" not in schema:
                continue
            assert inner is not None, f"{where}: the schema has no member {name}"
            _check(api, inner, item, f"{where}.{name}")
    return None
