"""The documents that clients write and read."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from promptpilot.domain.permissions import Role
from promptpilot.domain.prompt import MAX_CONTENT_BYTES, Metadata
from promptpilot.domain.prompt_document import (
    PromptDocument,
    PromptDraft,
    PromptSummary,
    VersionDraft,
)
from tests.fakes import MemoryTable
from tests.unit.prompt_world import SUMMARIZE, draft, made, someone


def test_the_document_of_the_api_is_read_and_written_in_exactly_its_shape() -> None:
    document = {**SUMMARIZE, "version": "1.2.0"}
    table, principal = MemoryTable(), someone()
    read = json.loads(made(principal, table, version="1.2.0").model_dump_json())
    assert {name: read[name] for name in document} == document
    assert set(read) - set(document) == {
        *("id", "digest", "labels", "protected_labels", "latest", "revision"),
        *("author", "created_at", "updated_at"),
    }


def test_all_that_may_be_set_comes_back() -> None:
    sent = {
        "name": "Classify",
        "messages": [
            {"role": "system", "content": "Answer in {{language}}."},
            {"role": "user", "content": "{{text}}"},
        ],
        "variables": [
            "text",
            {"name": "language", "type": "string", "required": False, "default": "English"},
        ],
        "output_schema": {"type": "object", "properties": {"label": {"type": "string"}}},
        "model": "local/smollm2-135m",
        "settings": {"temperature": 0.0, "stop": ["\n"]},
        "message": "The first.",
        "folder": "team/nlp",
        "metadata": {"description": "Sorts.", "owner": {"team": "nlp"}},
        "version": "0.1.0",
    }
    read = json.loads(made(someone(), MemoryTable(), **sent, content=None).model_dump_json())
    settings = read.pop("settings")
    assert {name: settings[name] for name in ("temperature", "stop")} == sent.pop("settings")
    assert {name: read[name] for name in sent if name != "metadata"} == {
        name: value for name, value in sent.items() if name != "metadata"
    }
    assert read["metadata"]["owner"] == {"team": "nlp"}
    assert "content" not in read


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"tags": []},
        {"category": None},
        {"tags": ["a"], "x": {"y": [1, None]}},
        {"description": ""},
    ],
)
def test_metadata_is_read_as_it_was_sent(metadata: dict[str, Any]) -> None:
    kept = Metadata.model_validate_json(Metadata.model_validate(metadata).model_dump_json())
    assert kept.model_dump(mode="json") == metadata


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"content": None}, "content or messages"),
        ({"messages": [{"role": "user", "content": "x"}]}, "not both"),
        ({"content": None, "messages": []}, "at least 1"),
        ({"content": None, "messages": [{"role": "user", "content": "x"}] * 101}, "at most 100"),
        ({"content": None, "messages": [{"role": "tool", "content": "x"}]}, "role"),
        ({"content": "é" * (MAX_CONTENT_BYTES // 2) + "x"}, "at most"),
        ({"content": "\ud800"}, "valid string"),
        ({"name": "  "}, "at least 1"),
        ({"name": "x" * 201}, "at most 200"),
        ({"name": "a\nb"}, "control"),
        ({"folder": "a//b"}, "folder"),
        ({"folder": "/a"}, "folder"),
        ({"variables": ["a", "a"]}, "more than once: a"),
        ({"variables": [f"v{n}" for n in range(101)]}, "at most 100"),
        ({"metadata": {"tags": ["x"] * 51}}, "at most 50"),
        ({"metadata": {"note": "x" * 40_000}}, "at most"),
        ({"metadata": {"note": float("nan")}}, "finite"),
        ({"metadata": {"note": "\ud800"}}, "Unicode"),
        ({"version": "1.0"}, "version"),
        ({"version": "latest"}, "version"),
        ({"model": "nameless"}, "model"),
        ({"settings": {"temperature": 3}}, "temperature"),
        ({"settings": {"warmth": 1}}, "warmth"),
        ({"contents": "x"}, "contents"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_by_field(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        draft(**changes)


@pytest.mark.parametrize(
    "field",
    [
        *("id", "digest", "labels", "protected_labels", "latest", "revision", "author"),
        *("created_at", "updated_at", "forked_from", "includes"),
    ],
)
def test_what_the_server_sets_is_refused_by_name(field: str) -> None:
    document = json.loads(made(someone(), MemoryTable()).model_dump_json())
    with pytest.raises(ValidationError, match=field):
        draft(**{field: document.get(field)})


def test_content_of_the_largest_size_is_stored() -> None:
    content = "x" * (MAX_CONTENT_BYTES - len("{{notes}}")) + "{{notes}}"
    assert made(someone(), MemoryTable(), content=content).content == content


def test_the_published_schema_names_every_field() -> None:
    for model in (PromptDocument, PromptSummary):
        for mode in ("validation", "serialization"):
            schema = model.model_json_schema(mode=mode)
            assert set(schema["properties"]) == set(model.model_fields)
            assert set(schema["$defs"]["Metadata"]["properties"]) == set(Metadata.model_fields)
    for model in (PromptDraft, VersionDraft):
        variables = json.dumps(model.model_json_schema()["properties"]["variables"])
        assert "A bare name is a required string." in variables


def test_every_role_has_a_principal_of_its_own() -> None:
    assert len({someone(role).user for role in Role}) == len(Role)
