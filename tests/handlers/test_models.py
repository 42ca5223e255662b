"""The catalogue of models over the API, and what it says of their fitness on saving."""

from typing import Any

from promptpilot.domain.latency import Histogram, bucket_of
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.platform import current
from promptpilot.services.latencies.kept import keep
from tests.fakes import ScriptedModel, ScriptedModels
from tests.handlers.here import Caller

MODEL = "fake/echo"


def listed(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = caller.get(f"/models{query}")
    assert answer.status == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_models_are_listed_by_vendor_and_by_whether_they_can_be_called(one: Caller) -> None:
    assert [each["id"] for each in listed(one)] == [MODEL]
    assert [each["id"] for each in listed(one, "?vendor=fake&available=true")] == [MODEL]
    assert listed(one, "?available=false") == []
    assert listed(one, "?vendor=openai") == []
    assert one.get("/models?available=perhaps").status == 422


def test_how_long_a_model_has_taken_is_told_to_the_workspace_where_it_did(
    one: Caller, two: Caller
) -> None:
    [before] = listed(one)
    assert "latency" not in before
    keep(one.workspace, {MODEL: Histogram(counts={bucket_of(100.0): 3})}, table=current().table)
    [measured] = listed(one)
    assert measured["latency"]["calls"] == 3
    assert measured["latency"]["days"] == 7
    assert 90 <= measured["latency"]["p50_ms"] == measured["latency"]["p95_ms"] <= 110
    assert "latency" not in listed(two)[0]


def test_what_a_model_does_not_take_is_a_422_with_its_place(one: Caller) -> None:
    models = current().models
    assert isinstance(models, ScriptedModels)
    models.models["fake/strict"] = ScriptedModel(profile=ModelProfile(settings=("max_tokens",)))
    prompt = {
        "name": "Ask",
        "content": "Hi.",
        "model": "fake/strict",
        "settings": {"seed": 1},
    }
    answer = one.post("/prompts", prompt)
    assert (answer.status, answer.json["code"]) == (422, "document_invalid")
    [problem] = answer.json["problems"]
    assert problem["at"] == "/settings/seed"
    assert "fake/strict takes no seed" in problem["message"]
    fine = one.post("/prompts", {**prompt, "settings": {"seed": 1, "drop_unsupported": True}})
    assert fine.status == 201
    step = {"id": "tell", "kind": "prompt", "prompt": {"id": fine.json["id"]}}
    step["settings"] = {"drop_unsupported": False}
    told = one.post("/workflows/validate", {"name": "Tell", "steps": [step]})
    assert [each["at"] for each in told.json["problems"]] == ["/steps/0/prompt"]
