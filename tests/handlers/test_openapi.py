"""The OpenAPI document is valid and complete, and what it shows as examples is true."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from schemathesis.specs.openapi.definitions import OPENAPI_31

from functions.api.app import api
from functions.api.body import JSON
from functions.api.handler import handler
from functions.api.openapi import openapi_document
from functions.api.problems import MEDIA_TYPE
from promptpilot.platform import Platform
from tests.handlers.here import Caller, event_of
from tests.handlers.test_principals import PRIVATE

DOCUMENT: dict[str, Any] = json.loads(openapi_document(api))
OPERATIONS = [
    (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]
every_operation = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)


@lru_cache(maxsize=1)
def registry() -> Registry:
    resource = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    return Registry().with_resource("urn:api", resource)


def check(value: Any, schema: dict[str, Any]) -> None:
    """Fail unless the value fits a schema of the document."""
    absolute = json.loads(json.dumps(schema).replace('"#/components', '"urn:api#/components'))
    Draft202012Validator(absolute, registry=registry()).validate(value)


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is sent and answered: where, which media type, and its description."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", media_type, content
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield status, media_type, content


def test_the_document_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    Draft202012Validator(OPENAPI_31).validate(DOCUMENT)


def test_the_document_is_served_to_everyone(ports: Platform) -> None:
    answer = Caller().get("/openapi.json")
    assert answer.status == 200
    assert answer.header("Content-Type") == JSON


def test_every_route_is_in_it_once() -> None:
    named = {(route.method, route.openapi_path) for route in api.routes if route.include_in_schema}
    assert {(method, path) for method, path, _ in OPERATIONS} == named
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@every_operation
def test_an_operation_says_what_it_is_for(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert operation["tags"]
    for parameter in operation.get("parameters", ()):
        assert parameter["description"], parameter["name"]
        assert parameter["schema"].get("type") or "$ref" in parameter["schema"], parameter


@every_operation
def test_an_operation_has_examples_that_fit_their_schemas(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    shown = 0
    for place, media_type, content in contents(operation):
        assert "schema" in content, (place, media_type)
        for example in content.get("examples", {}).values():
            check(example["value"], content["schema"])
            shown += place in {"request", "200", "201", "202"}
    assert shown >= 1 + ("requestBody" in operation)


@every_operation
def test_an_operation_names_its_problems(method: str, path: str, operation: dict[str, Any]) -> None:
    private = bool(operation["security"])
    responses = operation["responses"]
    needed = {"500", "503"}
    needed |= {"401"} if private else set()
    needed |= {"400", "413", "415", "422"} if "requestBody" in operation else set()
    needed |= {"422"} if any(p["in"] == "query" for p in operation.get("parameters", ())) else set()
    needed |= {"404"} if "{" in path else set()
    assert needed <= responses.keys()
    for status, response in responses.items():
        assert response["description"]
        if status >= "400":
            content = response["content"][MEDIA_TYPE]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for code, example in content["examples"].items():
                assert example["value"]["code"] == code
                assert str(example["value"]["status"]) == status


@every_operation
def test_an_operation_needs_a_token_exactly_where_the_document_says_so(
    ports: Platform, method: str, path: str, operation: dict[str, Any]
) -> None:
    filled = path.replace("{", "").replace("}", "")
    status = handler(event_of(method, filled, "{}"), None)["statusCode"]
    assert (status == 401) == bool(operation["security"])


def test_the_tests_of_privacy_know_every_private_route() -> None:
    private = {(method, path) for method, path, operation in OPERATIONS if operation["security"]}
    assert len(private) == len(PRIVATE)


def test_the_security_scheme_is_there() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_only_requests_that_make_something_take_an_idempotency_key() -> None:
    taking = {
        path
        for _, path, operation in OPERATIONS
        if any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", ()))
    }
    assert taking == {
        "/prompts",
        "/prompts/{id}/versions",
        "/prompts/{id}/fork",
        "/prompts/{id}/run",
        "/playground/compare",
        "/workflows",
        "/workflows/drafts",
        "/workflows/{id}/versions",
        "/workflows/{id}/draft/publish",
        "/workflows/{id}/execute",
        "/executions/{id}/resume",
        "/executions/{id}/replay",
        "/feedback",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/workflows"),
        ("post", "/workflows/validate"),
        ("post", "/workflows/drafts"),
        ("post", "/workflows/{id}/versions"),
        ("put", "/workflows/{id}/draft"),
    ],
)
def test_a_workflow_may_be_sent_in_yaml_and_the_document_says_so(method: str, path: str) -> None:
    content = DOCUMENT["paths"][path][method]["requestBody"]["content"]
    assert content.keys() == {"application/json", "application/yaml"}


@pytest.mark.parametrize("path", ["/workflows/{id}", "/workflows/{id}/versions/{version}"])
def test_a_workflow_may_be_read_as_yaml_and_the_document_says_so(path: str) -> None:
    content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
    assert content.keys() == {"application/json", "application/yaml"}


def test_no_schema_is_there_for_nothing() -> None:
    text = json.dumps(DOCUMENT)
    for name in DOCUMENT["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name
