"""A file that is sent reaches a model, through the handlers of the API and of the worker."""

from typing import Any

import pytest

from promptpilot import platform
from promptpilot.platform import Platform
from tests.fakes import ScriptedModel, ScriptedModels
from tests.handlers.here import Caller, make_user, memory_platform
from tests.handlers.sample_files import FILES, PNG, sent

PROMPT = {
    "name": "Look",
    "messages": [
        {"role": "user", "content": "What is it?", "attachments": [{"variable": "photo"}]}
    ],
    "variables": [{"name": "photo", "type": "file"}],
    "model": "fake/echo",
}


@pytest.fixture
def model(ports: Platform) -> ScriptedModel:
    """The model of a platform that is installed in place of the usual one."""
    own = ScriptedModel()
    platform.install(memory_platform(models=ScriptedModels({"fake/echo": own})))
    return own


def run(who: Caller, photo: Any) -> Any:
    prompt = who.post("/prompts", PROMPT).json["id"]
    return who.post(f"/prompts/{prompt}/run", {"variables": {"photo": photo}})


@pytest.mark.parametrize(("media_type", "data"), FILES.items(), ids=list(FILES))
def test_a_model_is_given_the_file_as_it_was_sent(
    model: ScriptedModel, media_type: str, data: bytes
) -> None:
    who = make_user()
    file = sent(who, data, media_type, "it")
    answer = run(who, file)
    assert answer.status == 200, answer.text
    assert model.attachments == [{file["blob"]: data}]
    [attached] = model.requests[0].attachments
    assert (attached.media_type, attached.name) == (media_type, "it")


def test_a_file_is_rendered_in_its_place(model: ScriptedModel) -> None:
    who = make_user()
    file = sent(who, PNG, "image/png", "it")
    prompt = who.post("/prompts", PROMPT).json["id"]
    answer = who.post(f"/prompts/{prompt}/render", {"variables": {"photo": file}})
    del file["bytes"]
    assert answer.json["messages"][0]["attachments"] == [file]


def test_a_file_of_another_workspace_ends_the_run_before_any_call(model: ScriptedModel) -> None:
    one, two = make_user("One"), make_user("Two")
    file = sent(one, PNG, "image/png", "it")
    answer = run(two, file)
    assert (answer.status, answer.json["code"]) == (422, "step_invalid")
    assert answer.json["detail"].startswith("The file 'it' ")
    assert model.requests == []
    log = two.get(f"/logs/{answer.json['log']}").json
    assert (log["status"], log["error"]["name"]) == ("failed", "StepInvalid")


def test_a_file_that_is_said_to_be_another_kind_ends_it_too(model: ScriptedModel) -> None:
    who = make_user()
    file = sent(who, PNG, "image/png")
    answer = run(who, {**file, "media_type": "application/pdf"})
    assert (answer.status, answer.json["code"]) == (422, "step_invalid")
    assert model.requests == []


def test_what_is_no_file_at_all_is_told_before_anything_is_queued(model: ScriptedModel) -> None:
    answer = run(make_user(), "photo.png")
    assert (answer.status, answer.json["code"]) == (422, "variables_invalid")
    assert answer.json["wrong"].keys() == {"photo"}
