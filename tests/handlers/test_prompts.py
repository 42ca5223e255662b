"""Prompts over the API: the document, its versions, labels, runs."""

from collections.abc import Sequence

import pytest

from promptpilot.domain.model import ModelRequest
from promptpilot.platform import Platform
from promptpilot.step_errors import ModelError, ModelRateLimited, ModelTimeout
from tests.fakes import ScriptedModel
from tests.handlers.here import PROMPT, Caller, make_prompt


def test_a_prompt_is_read_as_it_was_written(one: Caller) -> None:
    created = one.post("/prompts", {**PROMPT, "version": "1.2.0"})
    document = created.json
    assert created.status == 201
    assert created.header("Location") == f"/prompts/{document['id']}"
    assert {name: document[name] for name in PROMPT} == PROMPT
    assert document["version"] == "1.2.0"
    assert document["labels"] == {}
    assert document["revision"] == 1
    assert one.get(f"/prompts/{document['id']}").json == document


def test_a_prompt_is_read_by_version_and_by_label(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    one.post(f"/prompts/{prompt}/versions", {"content": "Shorter: {{notes}}"})
    one.put(f"/prompts/{prompt}/labels/production", {"version": "1.0.0"})
    assert one.get(f"/prompts/{prompt}").json["version"] == "1.0.0"
    assert one.get(f"/prompts/{prompt}?label=production").json["version"] == "1.0.0"
    assert one.get(f"/prompts/{prompt}?label=latest").json["version"] == "1.0.1"
    assert one.get(f"/prompts/{prompt}?version=1.0.1").json["content"] == "Shorter: {{notes}}"
    assert one.get(f"/prompts/{prompt}?version=1.0.1&label=latest").status == 422
    assert one.get(f"/prompts/{prompt}?version=9.0.0").status == 404
    assert one.get(f"/prompts/{prompt}?label=staging").status == 404


def test_a_template_that_does_not_parse_is_told_with_its_place(one: Caller) -> None:
    answer = one.post("/prompts", {**PROMPT, "content": "Notes:\n  {{ notes"})
    assert answer.status == 422
    assert answer.json["code"] == "template_invalid"
    assert answer.json["line"] == 2
    assert answer.json["column"] >= 1


def test_a_bump_that_is_too_small_is_told_with_what_forces_more(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    draft = {"content": "{{notes}} {{tone}}", "variables": ["notes", "tone"], "bump": "patch"}
    answer = one.post(f"/prompts/{prompt}/versions", draft)
    assert answer.status == 422
    assert answer.json["code"] == "version_bump_too_small"
    assert answer.json["required"] == "major"
    assert answer.json["reasons"]
    made = one.post(f"/prompts/{prompt}/versions", {**draft, "bump": "major"})
    assert (made.status, made.json["version"]) == (201, "2.0.0")
    assert made.header("Location") == f"/prompts/{prompt}/versions/2.0.0"


def test_what_has_no_versions_is_patched(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    answer = one.patch(f"/prompts/{prompt}", {"name": "Renamed", "folder": "team/meetings"})
    assert answer.status == 200
    assert (answer.json["name"], answer.json["folder"]) == ("Renamed", "team/meetings")
    assert answer.json["version"] == "1.0.0"


def test_prompts_are_listed_by_what_they_are_about(one: Caller) -> None:
    make_prompt(one, name="One", folder="a", metadata={"tags": ["x"], "category": "c"})
    make_prompt(one, name="Two", folder="a/b", metadata={"tags": ["y"]})
    names = {
        query: [each["name"] for each in one.get(f"/prompts?{query}").json["items"]]
        for query in ("", "tag=x", "category=c", "q=TW", "folder=a", "folder=a/b", "tag=z")
    }
    assert names == {
        "": ["Two", "One"],
        "tag=x": ["One"],
        "category=c": ["One"],
        "q=TW": ["Two"],
        "folder=a": ["Two", "One"],
        "folder=a/b": ["Two"],
        "tag=z": [],
    }


def test_versions_are_listed_and_compared(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    one.post(f"/prompts/{prompt}/versions", {"content": "Sum up these notes: {{notes}}"})
    listed = one.get(f"/prompts/{prompt}/versions").json["items"]
    assert [each["version"] for each in listed] == ["1.0.1", "1.0.0"]
    diff = one.get(f"/prompts/{prompt}/versions/1.0.0/diff/1.0.1").json
    assert diff["required"] == "patch"
    assert {"op": "equal", "text": "notes: {{notes}}"} in diff["content"]


def test_a_label_is_deleted(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    one.put(f"/prompts/{prompt}/labels/staging", {"version": "1.0.0"})
    assert one.delete(f"/prompts/{prompt}/labels/staging").json["labels"] == {}
    assert one.delete(f"/prompts/{prompt}/labels/staging").status == 404


@pytest.mark.parametrize("label", ["latest", "1.0.0", "Production", "a%20b"])
def test_a_label_that_cannot_be_one_is_refused(one: Caller, label: str) -> None:
    prompt = make_prompt(one)["id"]
    answer = one.put(f"/prompts/{prompt}/labels/{label}", {"version": "1.0.0"})
    assert answer.status == 422


def test_a_fork_remembers_where_it_is_from(one: Caller) -> None:
    document = make_prompt(one)
    answer = one.post(f"/prompts/{document['id']}/fork")
    assert answer.status == 201
    assert answer.json["id"] != document["id"]
    assert answer.json["forked_from"]["prompt"] == document["id"]
    assert answer.header("Location") == f"/prompts/{answer.json['id']}"


def test_a_prompt_is_rendered(one: Caller) -> None:
    document = make_prompt(one)
    answer = one.post(f"/prompts/{document['id']}/render", {"variables": {"notes": "Hi."}})
    assert answer.status == 200
    assert answer.json["text"] == "Summarize the following notes: Hi."
    assert answer.json["digest"] == document["digest"]


def test_every_wrong_variable_is_named(one: Caller) -> None:
    prompt = make_prompt(
        one,
        content="{{notes}} {{size}}",
        variables=["notes", {"name": "size", "type": "integer"}],
    )["id"]
    answer = one.post(f"/prompts/{prompt}/render", {"variables": {"size": "big", "tone": "kind"}})
    assert answer.status == 422
    assert answer.json["code"] == "variables_invalid"
    assert answer.json["missing"] == ["notes"]
    assert answer.json["unknown"] == ["tone"]
    assert list(answer.json["wrong"]) == ["size"]


def test_a_prompt_is_run_and_its_log_can_be_read(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    answer = one.post(
        f"/prompts/{prompt}/run", {"variables": {"notes": "Hi."}, "model": "fake/echo"}
    )
    assert answer.status == 200
    assert answer.json["output"] == "answer to: Summarize the following notes: Hi."
    log = answer.json["log"]
    assert log["prompt_id"] == prompt
    assert one.get(f"/logs/{log['id']}").json == log


def test_another_ones_run_is_not_there(one: Caller, two: Caller) -> None:
    prompt = make_prompt(one)["id"]
    log = one.post(f"/prompts/{prompt}/run", {"variables": {"notes": "Hi."}}).json["log"]["id"]
    assert two.get(f"/logs/{log}").status == 404


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(ModelTimeout(), 504, "model_timeout"), (ModelRateLimited(), 429, "model_rate_limited")],
)
def test_a_run_that_fails_says_why_and_names_its_log(
    one: Caller, ports: Platform, error: ModelError, status: int, code: str
) -> None:
    def answers(_: ModelRequest) -> ModelError:
        return error

    ports.models.models["fake/echo"] = ScriptedModel(answers)  # type: ignore[attr-defined]
    prompt = make_prompt(one)["id"]
    answer = one.post(f"/prompts/{prompt}/run", {"variables": {"notes": "Hi."}})
    assert (answer.status, answer.json["code"]) == (status, code)
    log = one.get(f"/logs/{answer.json['log']}").json
    assert (log["status"], log["error"]["name"]) == ("failed", type(error).__name__)


@pytest.mark.parametrize("model", ["none/such", "nonsense", "a/" + "x" * 300])
def test_a_model_that_is_none_is_a_422(one: Caller, model: str) -> None:
    prompt = make_prompt(one)["id"]
    answer = one.post(f"/prompts/{prompt}/run", {"variables": {"notes": "Hi."}, "model": model})
    assert answer.status == 422


def test_the_models_are_listed(one: Caller) -> None:
    answer = one.get("/models")
    assert answer.status == 200
    models: Sequence[dict[str, object]] = answer.json["items"]
    assert [(each["id"], each["available"]) for each in models] == [("fake/echo", True)]
    assert answer.json["next_cursor"] is None
