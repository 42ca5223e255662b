"""What an execution of a workflow can cost, before it runs."""

from typing import Any

import pytest

from promptpilot.domain.cost_bounds import CostedBounds, CostRange
from promptpilot.domain.model_alias import ModelAliases
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.permissions import Role
from promptpilot.domain.price import Price
from promptpilot.services.model_aliases import put_aliases
from promptpilot.services.prompts.documents import create_prompt
from promptpilot.services.workflows.documents import get_bounds
from tests.fakes import MODELS, ScriptedModel, ScriptedModels
from tests.unit.prompt_world import draft
from tests.unit.workflow_world import Desk, runs, workflow

CHEAP = Price(input_per_million=1.0, output_per_million=10.0, as_of="2026-11-25")
DEAR = Price(input_per_million=2.0, output_per_million=20.0, as_of="2026-11-25")
FREE = Price(input_per_million=0.0, output_per_million=0.0, as_of="2026-11-25")
SMALL = ModelProfile(context_tokens=1_000, max_output_tokens=100)
KNOWN = ScriptedModels(
    {
        "fake/cheap": ScriptedModel(price=CHEAP, profile=SMALL),
        "fake/dear": ScriptedModel(price=DEAR, profile=SMALL),
        "fake/free": ScriptedModel(price=FREE),
        "fake/endless": ScriptedModel(
            price=CHEAP, profile=SMALL.model_copy(update={"max_output_tokens": None})
        ),
        "fake/vast": ScriptedModel(price=CHEAP, profile=ModelProfile(max_output_tokens=100)),
        "fake/unpriced": ScriptedModel(profile=SMALL),
    }
)
CALL = 1_000 * 1 + 100 * 10
"""The most that one call of the cheap model costs, in micro-dollars."""
TEXT = "x" * 400
READ = 100
"""What it costs the cheap model to read that text."""
ONCE = {"attempts": 1}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def ask(desk: Desk, id: str = "tell", *, model: str | None = "fake/cheap", **fields: Any) -> Any:
    """A step of a prompt of a hundred tokens; what begins with `prompt_` is the prompt's own."""
    own = {
        name.removeprefix("prompt_"): fields.pop(name)
        for name in list(fields)
        if name.startswith("prompt_")
    }
    of = create_prompt(
        desk.editor,
        draft(content=TEXT, variables=[], model=model, **own),
        table=desk.table,
        models=MODELS,
    )
    return {"id": id, "kind": "prompt", "prompt": {"id": of.id}, "retry": ONCE, **fields}


def bounds(desk: Desk, *steps: Any) -> CostedBounds:
    made = desk.make(workflow(*steps))
    return get_bounds(desk.editor, made.id, table=desk.table, models=KNOWN)


def cost(desk: Desk, *steps: Any) -> tuple[int, int]:
    found = bounds(desk, *steps)
    assert found.cost_unknown == ()
    assert found.cost is not None
    return found.cost.lowest_micro_usd, found.cost.highest_micro_usd


def test_a_step_costs_from_its_own_text_to_all_that_its_model_takes(desk: Desk) -> None:
    assert cost(desk, ask(desk)) == (READ, CALL)
    assert cost(desk, ask(desk, settings={"max_tokens": 10})) == (READ, 1_000 + 10 * 10)
    assert cost(desk, ask(desk, settings={"max_tokens": 999})) == (READ, CALL)


def test_every_call_that_there_can_be_counts(desk: Desk) -> None:
    assert cost(desk, ask(desk, retry={"attempts": 3})) == (READ, 3 * CALL)
    assert cost(desk, ask(desk, fallbacks=["fake/dear"])) == (READ, CALL + 2 * CALL)
    tools = [{"name": "get", "action": "http.request"}]
    assert cost(desk, ask(desk, tools=tools, max_rounds=4)) == (READ, 5 * CALL)
    schema = {"type": "object"}
    assert cost(desk, ask(desk, prompt_output_schema=schema)) == (READ, 2 * CALL)
    assert cost(desk, ask(desk, cache="1h")) == (0, CALL)


def test_steps_add_up_as_they_run(desk: Desk) -> None:
    one, two = ask(desk, "one"), ask(desk, "two", model="fake/dear")
    assert cost(desk, one, two) == (3 * READ, 3 * CALL)
    sides = {"left": [one], "right": [two]}
    fan = {"id": "fan", "kind": "parallel", "branches": sides}
    assert cost(desk, fan) == (3 * READ, 3 * CALL)
    case = {"when": "{% $input.a %}", "steps": [one]}
    route = {"id": "route", "kind": "branch", "cases": [case], "otherwise": [two]}
    assert cost(desk, route) == (READ, 2 * CALL)
    assert cost(desk, {**route, "otherwise": []}) == (0, CALL)
    known = {"id": "known", "kind": "map", "items": [1, 2, 3], "steps": [one]}
    assert cost(desk, known) == (3 * READ, 3 * CALL)
    some = {**known, "items": "{% $input.all %}", "max_items": 7}
    assert cost(desk, some) == (0, 7 * CALL)
    loop = {"id": "again", "kind": "loop", "steps": [one], "max_iterations": 5}
    assert cost(desk, {**loop, "until": "{% $one.output = 'x' %}"}) == (READ, 5 * CALL)
    assert cost(desk, {**loop, "while": "{% $input.a %}"}) == (0, 5 * CALL)
    caught = {"steps": [two]}
    assert cost(desk, {**one, "on_error": caught}) == (READ, 3 * CALL)


def test_a_workflow_that_is_run_counts_as_often_as_it_may(desk: Desk) -> None:
    child = desk.make(workflow(ask(desk)))
    parent = runs({"id": child.id, "with": {}})
    parent["steps"][0]["retry"] = {"attempts": 2}
    made = desk.make(parent)
    found = get_bounds(desk.editor, made.id, table=desk.table, models=KNOWN)
    assert found.cost == CostRange(lowest_micro_usd=READ, highest_micro_usd=2 * CALL)


def test_a_workflow_that_asks_no_model_and_one_that_is_free_cost_nothing(desk: Desk) -> None:
    wait = {"id": "rest", "kind": "wait", "for": "1s"}
    assert cost(desk, wait) == (0, 0)
    assert cost(desk, ask(desk, model="fake/free")) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"model": "fake/unpriced"}, "The price of fake/unpriced is not known."),
        ({"model": "fake/vast"}, "How much fake/vast can take in is not known."),
        ({"model": "fake/endless"}, "Nothing bounds an answer of fake/endless: set max_tokens."),
        ({"fallbacks": ["fake/other"]}, "The price of fake/other is not known."),
    ],
)
def test_a_cost_that_cannot_be_known_is_null_and_says_why(
    desk: Desk, fields: dict[str, Any], why: str
) -> None:
    found = bounds(desk, ask(desk, "one"), ask(desk, "two", **fields))
    assert (found.cost, found.cost_unknown) == (None, (why,))
    assert found.model_calls > 0


def test_a_model_that_is_computed_is_not_known_before(desk: Desk) -> None:
    step = ask(desk)
    step["model"] = "{% $input.model %}"
    found = bounds(desk, step)
    assert found.cost is None
    assert found.cost_unknown[0].startswith("Which model the step 'tell'")


def test_an_alias_costs_what_its_models_cost(desk: Desk) -> None:
    aliases = ModelAliases.model_validate({"aliases": {"smart": ["fake/cheap", "fake/dear"]}})
    put_aliases(desk.as_a(Role.ADMIN), aliases, table=desk.table)
    assert cost(desk, ask(desk, model="alias/smart")) == (READ, 3 * CALL)
    twice = ask(desk, model="alias/smart", fallbacks=["fake/dear"])
    assert cost(desk, twice) == (READ, 3 * CALL)


def test_an_answer_without_end_is_bounded_by_max_tokens(desk: Desk) -> None:
    step = ask(desk, model="fake/endless", prompt_settings={"max_tokens": 20})
    assert cost(desk, step) == (READ, 1_000 + 20 * 10)
