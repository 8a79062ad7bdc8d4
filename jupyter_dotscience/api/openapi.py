"""ROUTES as an OpenAPI 3.1 description. ``python -m jupyter_dotscience.api.openapi`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from jupyter_dotscience import _version

from .changes import Listen, Notices
from .problems import Problem
from .routes import PREFIX, ROUTES, Raw, Route, Stream

_REF = "#/components/schemas/{name}"
SOCKET = (Listen, Notices)
"""What is said on the websocket of changes, which OpenAPI has no words for: its types are described all the same."""


def describe() -> dict[str, Any]:
    """The whole API as one JSON object (https://spec.openapis.org/oas/v3.1.0)."""
    types = [t for route in ROUTES for t in _types(route)]
    schemas, components = msgspec.json.schema_components([*types, Problem, *SOCKET], ref_template=_REF)
    names = iter(schemas)
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, [next(names) for _ in _types(route)])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dotscience",
            "version": _version.__version__,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": PREFIX}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types(route: Route) -> list[Any]:
    """The types of a route that have a JSON schema, request before response."""
    found = []
    for body in (route.request, route.response):
        if isinstance(body, Stream):
            found.append(body.item)
        elif body is not None and not isinstance(body, Raw):
            found.append(body)
    return found


def _operation(route: Route, schemas: list[dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    if route.access.principals:
        operation["security"] = [{"token": []}]
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    rest = list(schemas)
    if route.request is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.request, rest)}
    answer: dict[str, Any] = {"description": "Success."}
    if route.response is not None:
        answer["content"] = _content(route.response, rest)
    problem = {"application/json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    operation["responses"] = {
        str(route.status): answer,
        "default": {"description": "A problem.", "content": problem},
    }
    return operation


def _content(body: Any, schemas: list[dict[str, Any]]) -> dict[str, Any]:
    if isinstance(body, Raw):
        return {body.value: {}}
    kind = "application/x-ndjson" if isinstance(body, Stream) else "application/json"
    return {kind: {"schema": schemas.pop(0)}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in route.parameters]
    if route.query is not None:
        schema = msgspec.json.schema(route.query)
        properties = schema["$defs"][route.query.__name__]
        required = set(properties.get("required", ()))
        for name, shape in properties["properties"].items():
            found.append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in required,
                    "schema": _inline(shape, schema["$defs"]),
                }
            )
    if route.idempotency:
        text = {"type": "string", "maxLength": 200}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": text})
    return found


def _inline(shape: Any, definitions: dict[str, Any]) -> Any:
    """``shape`` with references to enums written out, since query parameters are described one by one."""
    if isinstance(shape, dict):
        if "$ref" in shape:
            return _inline(definitions[shape["$ref"].rsplit("/", 1)[1]], definitions)
        return {key: _inline(value, definitions) for key, value in shape.items()}
    return [_inline(value, definitions) for value in shape] if isinstance(shape, list) else shape


if __name__ == "__main__":
    json.dump(describe(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
