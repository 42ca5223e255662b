"""The patterns of several models in docs/workflow-language.md, run as they stand there: by the real
server, on scripted models of three vendors.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from embedded.demo.client import Client
from promptpilot.compiler.reading import read_document
from promptpilot.domain.message import ToolCall
from tests.contract.dialects.dialect import Asked, Failure, Said
from tests.embedded.loopback import JsonHandler, LoopbackServer
from tests.embedded.running import Server, ended
from tests.embedded.scripted_vendors import ScriptedVendors

TEXT = (Path(__file__).parents[2] / "docs" / "workflow-language.md").read_text()
SECTION = TEXT.partition("\n## Several models\n")[2].partition("\n## ")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


DATA = [json.loads(each) for each in blocks("json")]
ALIASES = next(each for each in DATA if "aliases" in each)
PROMPTS = [each for each in DATA if "content" in each]
WORKFLOWS = {each["name"]: each for each in (read_document(b, yaml=True) for b in blocks("yaml"))}


def says_its_name(asked: Asked) -> Said | Failure:
    return Said(f"{asked.model} says.")


class Stock(JsonHandler):
    """Has seven pieces of everything."""

    def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
        place = urlsplit(self.path)
        self.answer(200, {"path": place.path, "article": parse_qs(place.query), "pieces": 7})


@pytest.fixture(scope="module")
def stock() -> Iterator[str]:
    with LoopbackServer(Stock) as server:
        yield server.host


@pytest.fixture(scope="module")
def vendors() -> Iterator[ScriptedVendors]:
    with ScriptedVendors(says_its_name) as server:
        yield server


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, vendors: ScriptedVendors, stock: str
) -> Iterator[Client]:
    """A user whose workspace has the section's prompts and aliases."""
    environ = {**vendors.environ, "PROMPTPILOT_EGRESS_ALLOW": stock}
    server = Server(tmp_path_factory.mktemp("patterns"), environ=environ).start()
    client = server.sign_up("patterns@example.com")
    for prompt in PROMPTS:
        client.post("/prompts", prompt)
    client.put("/workspace/model-aliases", ALIASES)
    yield client
    server.stop()


@pytest.fixture(autouse=True)
def fresh(vendors: ScriptedVendors) -> None:
    vendors.asked.clear()
    vendors.script = says_its_name


def outcome(client: Client, name: str, **input: Any) -> Any:
    """What an execution of that pattern answers."""
    known = client.get("/workflows?limit=100")["items"]
    made = next((each for each in known if each["name"] == name), None)
    workflow = made or client.post("/workflows", WORKFLOWS[name])
    started = client.post(f"/workflows/{workflow['id']}/execute", {"input": input})
    done = ended(client, started["id"])
    assert done["status"] == "succeeded", done["error"]
    return done["output"]


def test_every_pattern_of_the_section_is_run_here() -> None:
    assert sorted(WORKFLOWS) == ["Judge", "Stock", "Switching", "Vote"]
    assert len(PROMPTS) == 3


@pytest.mark.parametrize(
    ("careful", "computed"), [(True, "claude-opus-4-6"), (False, "gpt-5-nano")]
)
def test_models_are_switched_by_step_by_expression_by_alias_and_by_fallback(
    client: Client, vendors: ScriptedVendors, careful: bool, computed: str
) -> None:
    def script(asked: Asked) -> Said | Failure:
        return "overloaded" if asked.model == "gpt-5" else says_its_name(asked)

    vendors.script = script
    output = outcome(client, "Switching", question="Well?", careful=careful)
    models = ["gpt-5-mini", computed, "gpt-5-nano", "claude-haiku-4-5"]
    assert output == [f"{each} says." for each in models]


def test_an_alias_that_is_moved_moves_what_names_it_and_falls_back_as_it_says(
    client: Client, vendors: ScriptedVendors
) -> None:
    cheap = ALIASES["aliases"] | {"cheap": ["openai/gpt-4.1-mini", "google/gemini-2.5-flash"]}
    client.put("/workspace/model-aliases", {"aliases": cheap})
    try:
        assert outcome(client, "Switching", question="?", careful=False)[2] == "gpt-4.1-mini says."

        def script(asked: Asked) -> Said | Failure:
            return "overloaded" if asked.model == "gpt-4.1-mini" else says_its_name(asked)

        vendors.script = script
        answers = outcome(client, "Switching", question="?", careful=False)
        assert answers[2] == "gemini-2.5-flash says."
    finally:
        client.put("/workspace/model-aliases", ALIASES)


VOTERS = ("gpt-5-nano", "claude-haiku-4-5", "gemini-2.5-flash-lite")


@pytest.mark.parametrize(
    ("labels", "label", "votes"),
    [
        (("spam", "spam", "fine"), "spam", {"spam": 2, "fine": 1}),
        (("fine", "spam", "fine"), "fine", {"spam": 1, "fine": 2}),
        (("fine", "fine", "fine"), "fine", {"fine": 3}),
        (("spam", None, "spam"), "spam", {"spam": 2}),
        ((None, "spam", "fine"), None, {"spam": 1, "fine": 1}),
        ((None, None, "fine"), None, {"fine": 1}),
        ((None, None, None), None, {}),
    ],
)
def test_the_label_of_more_than_half_of_the_models_wins_the_vote(
    client: Client,
    vendors: ScriptedVendors,
    labels: tuple[str | None, ...],
    label: str | None,
    votes: dict[str, int],
) -> None:
    given = dict(zip(VOTERS, labels, strict=True))

    def script(asked: Asked) -> Said | Failure:
        said = given[asked.model]
        return Said(json.dumps({"label": said})) if said else "bad_request"

    vendors.script = script
    output = outcome(client, "Vote", comment="Buy now!")
    assert output["label"] == label
    assert {each["label"]: each["votes"] for each in output["votes"]} == votes
    assert all(asked.output_schema for asked in vendors.asked)


@pytest.mark.parametrize(
    ("best", "confidence", "model"),
    [
        ("one", 0.9, "gpt-5-nano"),
        ("two", 0.7, "claude-haiku-4-5"),
        ("two", 0.2, "claude-opus-4-6"),
    ],
)
def test_a_judge_picks_an_answer_and_an_unsure_one_leaves_it_to_a_better_model(
    client: Client, vendors: ScriptedVendors, best: str, confidence: float, model: str
) -> None:
    def script(asked: Asked) -> Said | Failure:
        if asked.output_schema is None:
            return says_its_name(asked)
        return Said(json.dumps({"best": best, "confidence": confidence}))

    vendors.script = script
    output = outcome(client, "Judge", question="Why is the sky blue?")
    assert output["answer"] == f"{model} says."
    assert output["confidence"] == confidence
    [judged] = [each for each in vendors.asked if each.output_schema]
    assert judged.model == "gemini-2.5-flash"
    assert "gpt-5-nano says." in judged.turns[0][1]
    assert "claude-haiku-4-5 says." in judged.turns[0][1]
    assert len(vendors.asked) == (4 if confidence < 0.7 else 3)


def test_a_model_uses_a_tool_before_it_answers(
    client: Client, vendors: ScriptedVendors, stock: str
) -> None:
    call = ToolCall(id="call_1", name="stock", arguments={"query": {"article": "A 7"}})

    def script(asked: Asked) -> Said | Failure:
        if not asked.results:
            return Said("", tool_calls=(call,), finish="tool_calls")
        told = json.loads(next(text for role, text in asked.turns if role == "tool"))
        return Said(f"There are {told['body']['pieces']} of {told['body']['article']}.")

    vendors.script = script
    output = outcome(client, "Stock", question="How many A 7?", service=f"http://{stock}")
    assert output == "There are 7 of {'article': ['A 7']}."
    assert len(vendors.asked) == 2
    [(name, parameters)] = (vendors.asked[0].tools or {}).items()
    assert name == "stock"
    assert set(parameters["properties"]) == {"query"}
    assert stock not in json.dumps(parameters)
