"""Holds what Twilio's stand-in was asked against Twilio's own description (OpenAPI) of it."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

import services.devstack

ROOT = "/2010-04-01/Accounts/{AccountSid}/Messages"
OURS = frozenset({"Page", "PageToken"})
"""What Twilio's own `next_page_uri` asks for."""


def hold(requests: Iterable[tuple[str, str, dict[str, str]]]) -> None:
    """Fails for a request that Twilio's description does not allow: (method, what follows `Messages`, parameters)."""
    for method, rest, given in requests:
        schema = _schema(method, rest)
        typed = {name: _typed(schema["properties"].get(name, {}), value) for name, value in given.items()}
        unknown = set(typed) - set(schema["properties"]) - (OURS if method == "get" else set())
        assert not unknown, f"{method} Messages{rest}: {unknown}"
        _validator(method, rest).validate(typed)


@cache
def _validator(method: str, rest: str) -> jsonschema.Draft202012Validator:
    """Made once: `jsonschema.validate` looks at the whole schema each time."""
    return jsonschema.Draft202012Validator(_schema(method, rest))


@cache
def _schema(method: str, rest: str) -> dict[str, Any]:
    document = _document()
    operation = document["paths"][ROOT + rest][method]
    if method == "post":
        form: dict[str, Any] = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        return {**form, "components": document.get("components", {})}
    asked = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    return {"type": "object", "properties": {each["name"]: each["schema"] for each in asked}}


@cache
def _document() -> dict[str, Any]:
    path = Path(services.devstack.__file__).parent / "data" / "twilio-messages.openapi.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _typed(schema: dict[str, Any], value: str) -> object:
    """A form says everything in characters."""
    if schema.get("type") == "integer" and value.lstrip("-").isdecimal():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if schema.get("type") == "boolean" else value
