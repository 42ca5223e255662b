"""Workflows, their executions, and feedback on them, over the API."""

import json
from dataclasses import replace

import pytest

from functions.api.handler import handler
from promptpilot import platform
from promptpilot.domain.ids import new_id
from promptpilot.platform import Platform, current
from tests.handlers.here import (
    Caller,
    end_execution,
    event_of,
    make_execution,
    make_prompt,
    make_workflow,
    workflow_document,
)
from tests.unit.world import NoWaiting

YAML = """
name: Follow-up  # what comes after a meeting
input:
  type: object
  properties: {{notes: {{type: string}}}}
steps:
  - id: summarize
    kind: prompt
    prompt: {{id: {prompt}}}
    with: {{notes: "{{% $input.notes %}}"}}
    retry: {{attempts: 2, on: [ModelTimeout]}}
"""


def test_a_workflow_is_read_as_it_was_written(one: Caller) -> None:
    document = workflow_document(make_prompt(one)["id"])
    created = one.post("/workflows", document)
    assert created.status == 201, created.text
    assert created.header("Location") == f"/workflows/{created.json['id']}"
    assert created.json["version"] == "1.0.0"
    assert created.json["bounds"]["model_calls"] >= 1
    read = one.get(f"/workflows/{created.json['id']}")
    assert read.json == created.json
    assert {name: read.json[name] for name in ("name", "input", "output")} == {
        name: document[name] for name in ("name", "input", "output")
    }
    assert [step["id"] for step in read.json["steps"]] == ["summarize"]


@pytest.mark.parametrize("kind", ["application/yaml", "text/yaml; charset=utf-8"])
def test_a_workflow_may_be_written_in_yaml(one: Caller, kind: str) -> None:
    text = YAML.format(prompt=make_prompt(one)["id"])
    created = one.post("/workflows", text, content_type=kind)
    assert created.status == 201, created.text
    assert created.json["steps"][0]["retry"]["on"] == ["ModelTimeout"]


def test_every_problem_of_a_document_is_told_with_its_place(one: Caller) -> None:
    document = workflow_document(make_prompt(one)["id"])
    document["colour"] = "red"
    document["steps"][0]["with"] = {"notes": "{% $nobody.text %}"}
    answer = one.post("/workflows", document)
    assert answer.status == 422
    assert answer.json["code"] == "document_invalid"
    assert {"/colour", "/steps/0/with/notes"} <= {each["at"] for each in answer.json["problems"]}


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        ('{"name": }', "application/json", 400),
        ("[]", "application/json", 422),
        ("a: [", "application/yaml", 422),
        ("a: &x [*x]", "application/yaml", 422),
        ("", "application/yaml", 422),
        ('{"name": "a", "name": "b"}', "application/json", 422),
        ("<a/>", "application/xml", 415),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(
    one: Caller, text: str, kind: str, status: int
) -> None:
    assert one.post("/workflows", text, content_type=kind).status == status


def test_a_state_machine_can_be_looked_at(one: Caller) -> None:
    workflow = make_workflow(one)
    machine = one.get(f"/workflows/{workflow['id']}/asl").json
    assert machine["QueryLanguage"] == "JSONata"
    assert "summarize" in machine["States"]
    assert one.get(f"/workflows/{workflow['id']}/asl?version=9.9.9").status == 404


def test_workflows_are_listed(one: Caller) -> None:
    workflow = make_workflow(one)
    assert [each["id"] for each in one.get("/workflows").json["items"]] == [workflow["id"]]


def test_an_execution_is_started_and_found(one: Caller) -> None:
    workflow = make_workflow(one)
    answer = one.post(f"/workflows/{workflow['id']}/execute", {"input": {"notes": "Hi."}})
    execution = answer.json
    assert answer.status == 202
    assert answer.header("Location") == f"/executions/{execution['id']}"
    assert execution["status"] == "queued"
    assert list(execution["pins"]) == ["summarize"]
    assert one.get(f"/executions/{execution['id']}").json["id"] == execution["id"]
    assert one.get(f"/executions/{execution['id']}/logs").json == {"items": [], "next_cursor": None}
    end_execution(execution, {"any": ["output", None]})
    ended = one.get(f"/executions/{execution['id']}").json
    assert (ended["status"], ended["output"]) == ("succeeded", {"any": ["output", None]})


def test_an_input_that_does_not_fit_is_refused_with_its_place(one: Caller) -> None:
    workflow = make_workflow(one)
    answer = one.post(f"/workflows/{workflow['id']}/execute", {"input": {"notes": 1}})
    assert answer.status == 422
    assert [each["at"] for each in answer.json["problems"]] == ["/notes"]


def test_an_input_that_is_too_large_is_a_413(one: Caller) -> None:
    workflow = make_workflow(one)
    body = {"input": {"notes": "x" * 300_000}}
    assert one.post(f"/workflows/{workflow['id']}/execute", body).status == 413


class EndsIt(NoWaiting):
    """A `Waiter` during whose wait the execution ends."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, subject: str, ended: object, seconds: float) -> bool:
        self.waited.append(seconds)
        item = next(
            item
            for item in current().table.of_kind("execution")  # type: ignore[attr-defined]
            if json.loads(item.body)["id"] == subject
        )
        end_execution(json.loads(item.body))
        return super().wait(subject, ended, seconds)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=5", 5),
        ("respond-async, wait=7", 7),
        ('Wait = "9"', 9),
        ("wait=3600", 30),
        ("wait=30; x=y", 30),
    ],
)
def test_a_client_that_would_wait_gets_the_end(
    one: Caller, ports: Platform, prefer: str, seconds: int
) -> None:
    workflow = make_workflow(one)
    waiter = EndsIt()
    platform.install(replace(ports, waiter=waiter))
    body = {"input": {"notes": "Hi."}}
    answer = one.post(f"/workflows/{workflow['id']}/execute", body, prefer=prefer)
    assert answer.status == 200
    assert answer.json["status"] == "succeeded"
    assert answer.header("Preference-Applied") == f"wait={seconds}"
    assert waiter.waited == [seconds]


def test_one_can_wait_for_an_execution_that_was_started_before(
    one: Caller, ports: Platform
) -> None:
    execution = make_execution(one)
    waiter = EndsIt()
    platform.install(replace(ports, waiter=waiter))
    answer = one.get(f"/executions/{execution['id']}", prefer="wait=3")
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    assert answer.header("Preference-Applied") == "wait=3"


def test_an_end_that_does_not_come_in_time_is_still_a_202(one: Caller) -> None:
    workflow = make_workflow(one)
    body = {"input": {"notes": "Hi."}}
    answer = one.post(f"/workflows/{workflow['id']}/execute", body, prefer="wait=1")
    assert answer.status == 202
    assert answer.header("Preference-Applied") == "wait=1"


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "await=5", "wait=0", "wait=1x"])
def test_another_preference_is_no_reason_to_wait(one: Caller, prefer: str) -> None:
    workflow = make_workflow(one)
    body = {"input": {"notes": "Hi."}}
    answer = one.post(f"/workflows/{workflow['id']}/execute", body, prefer=prefer)
    assert answer.status == 202
    assert answer.header("Preference-Applied") is None


def test_executions_are_listed_by_workflow_and_status(one: Caller) -> None:
    first, second = make_execution(one), make_execution(one)
    end_execution(first)

    def listed(query: str) -> list[str]:
        return [each["id"] for each in one.get(f"/executions?{query}").json["items"]]

    assert listed("") == [second["id"], first["id"]]
    assert listed("status=succeeded") == [first["id"]]
    assert listed(f"workflow_id={second['workflow_id']}") == [second["id"]]


@pytest.mark.parametrize("query", ["status=done", "workflow_id=x", "workflow_id=prompt_1"])
def test_a_filter_that_cannot_match_is_refused(one: Caller, query: str) -> None:
    assert one.get(f"/executions?{query}").status == 422


def test_feedback_is_given_and_found(one: Caller) -> None:
    execution = make_execution(one)["id"]
    opinion = {"execution_id": execution, "rating": 4, "comment": "Good.", "tags": ["short"]}
    answer = one.post("/feedback", opinion)
    assert answer.status == 201
    assert {name: answer.json[name] for name in opinion} == opinion
    location = answer.header("Location")
    assert location is not None
    assert one.get(location).json == answer.json
    assert one.get(f"/feedback?execution_id={execution}").json["items"] == [answer.json]
    other = new_id("execution")
    assert one.get(f"/feedback?execution_id={other}").json["items"] == []


@pytest.mark.parametrize("rating", [0, 6, 2.5, "good", None])
def test_a_rating_that_is_none_is_refused(one: Caller, rating: object) -> None:
    body = {"execution_id": new_id("execution"), "rating": rating}
    answer = one.post("/feedback", body)
    assert answer.status == 422
    assert [field["at"] for field in answer.json["fields"]] == ["/rating"]


def test_the_service_says_that_it_is_well(ports: Platform) -> None:
    answer = handler(event_of("GET", "/health"), None)
    assert (answer["statusCode"], answer["body"]) == (200, '{"status":"ok","degraded":[]}')
