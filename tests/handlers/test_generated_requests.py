"""Requests made up from the OpenAPI document end in no 5xx, and are answered as documented."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from embedded.database import Database
from embedded.gateway import Gateway
from embedded.identity import LocalIdentity
from embedded.table import SqliteTable
from promptpilot import platform
from tests.handlers.here import make_execution, make_prompt, make_user, memory_platform
from tests.handlers.sample_files import FILES, PNG, sent
from tests.handlers.served import serving
from tests.handlers.test_approvals import ask
from tests.handlers.test_openapi import DOCUMENT

EXAMPLES = 5
"""For each of some seventy operations."""


def with_plain_steps(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with a few kinds of step that hold no others: all kinds within each other, at
    every level, are more than what makes up requests would ever get through.
    """
    kinds = ("PromptStep-Input", "TransformStep", "FailStep")

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "TransformStep" in json.dumps(value.get("discriminator", {})):
            return {"oneOf": [{"$ref": f"#/components/schemas/{kind}"} for kind in kinds]}
        return {name: plain(each) for name, each in value.items()}

    schemas = {name: plain(each) for name, each in document["components"]["schemas"].items()}
    # What catches an error would hold steps that catch errors.
    for name in kinds:
        schemas[name]["properties"].pop("on_error", None)
    return {**document, "components": {**document["components"], "schemas": schemas}}


schema = schemathesis.openapi.from_dict(with_plain_steps(DOCUMENT))
for media_type, contents in FILES.items():
    if media_type != "text/plain":
        schemathesis.openapi.media_type(media_type, st.sampled_from([contents, contents[1:]]))


@dataclass(frozen=True)
class Server:
    """Where the requests go, on behalf of somebody who has a few things: their ids by path."""

    url: str
    headers: Mapping[str, str]
    ids: Mapping[str, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("generated")
    database = Database(folder / "all.db")
    identity = LocalIdentity(database, folder)
    platform.install(memory_platform(identity=identity, table=SqliteTable(database)))
    person = make_user()
    execution = make_execution(person)
    prompt = make_prompt(person)["id"]
    run = person.post(f"/prompts/{prompt}/run", {"variables": {"notes": "Hi."}}).json
    opinion = {"execution_id": execution["id"], "rating": 1}
    ids = {
        "prompts": prompt,
        "workflows": execution["workflow_id"],
        "executions": execution["id"],
        "logs": run["log"]["id"],
        "approvals": ask(person)["id"],
        "feedback": person.post("/feedback", opinion).json["id"],
        "runs": person.post(
            f"/prompts/{prompt}/run", {"variables": {"notes": "Hi."}, "stream": True}
        ).json["run"]["id"],
        "files": sent(person, PNG, "image/png")["blob"],
    }
    token = identity._keys.sign(str(person.user), 3600, "t")
    headers = {"Authorization": f"Bearer {token}", "X-Workspace-Id": person.workspace}
    with serving(Gateway()) as running:
        yield Server(running.url, headers, ids)
    platform.install(None)
    database.close()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_a_generated_request_is_answered_as_documented(
    case: schemathesis.Case, server: Server
) -> None:
    # Made-up ids are never found; with real ones a request gets to do something.
    for name in ("id", "blob"):
        if name in case.path_parameters:
            case.path_parameters[name] = server.ids[case.path.split("/")[1]]
    # And a key that was used before, as made-up ones soon are, stops it as well.
    headers = {**server.headers, "Idempotency-Key": secrets.token_hex(8)}
    response = case.call(base_url=server.url, headers=headers, timeout=20)
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
