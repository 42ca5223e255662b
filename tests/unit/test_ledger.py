"""The ledger of a workspace: what executions and runs have cost adds up to what it says, once."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from promptpilot import keys
from promptpilot.clock import epoch_ms, now
from promptpilot.domain.budget import month_of
from promptpilot.domain.execution import Execution
from promptpilot.domain.ids import new_id
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.domain.month_costs import MonthCosts
from promptpilot.domain.price import Price
from promptpilot.domain.prompt_document import PromptDraft
from promptpilot.domain.step_job import PromptRunJob
from promptpilot.ports.table import Index
from promptpilot.services.executions.children import all_children
from promptpilot.services.executions.records import recorded
from promptpilot.services.ledger.folding import fold
from promptpilot.services.ledger.reading import month_costs
from promptpilot.services.prompts.documents import create_prompt
from promptpilot.services.runs.prompt_jobs import run_prompt_job
from promptpilot.step_errors import ModelRefused
from tests.fakes import MODELS, ScriptedAnswer, ScriptedModel, ScriptedModels
from tests.unit.control import cancelled, replayed, resumed
from tests.unit.kinds_world import KindsWorld

PRICE = Price(input_per_million=1, output_per_million=1, as_of="2026-11-01")
MONTH = "2026-05"
IN_MAY = 1_778_000_000_000
SCHEMA = {"type": "object", "required": ["ok"]}


def costing(micro_usd: int | None, text: str = '{"ok": 1}') -> Completion:
    """An answer that costs so much, or nobody knows what."""
    usage = None if micro_usd is None else Usage(output_tokens=micro_usd)
    return Completion(text=text, model="served", usage=usage)


class Books(KindsWorld):
    """A workspace with two models whose answers cost what the test says, in turn."""

    def __init__(self, *steps: Mapping[str, Any]) -> None:
        self.answers: list[ScriptedAnswer] = []
        self.ended_at = IN_MAY
        self.paid = 0
        super().__init__(*steps, model=ScriptedModel(self._next, price=PRICE))
        spare = ScriptedModel(self._next, price=PRICE)
        models = ScriptedModels({"fake/echo": self.model, "fake/spare": spare})
        self.ports = self.ports_with(models=models)

    def _next(self, request: ModelRequest) -> ScriptedAnswer:
        answer = self.answers.pop(0)
        if isinstance(answer, Completion) and answer.usage is not None:
            self.paid += answer.usage.output_tokens
        return answer

    async def step(
        self, execution: Execution, step: str, *answers: ScriptedAnswer, **fields: Any
    ) -> None:
        """Have a step done by models that answer so."""
        self.answers = list(answers)
        await self.do(execution, step, **fields)
        assert self.answers == []

    def finish(self, execution: Execution, status: str = "SUCCEEDED", **fields: Any) -> Execution:
        """What an execution says of itself when it has ended."""
        self.ended_at += 1_000
        self.change(execution, status, stopDate=self.ended_at, **fields)
        return self.stored(execution)

    @property
    def costs(self) -> MonthCosts:
        return month_costs(self.principal, MONTH, table=self.ports.table)

    def executions(self) -> list[Execution]:
        partition = keys.executions(self.principal.workspace).partition
        page = self.ports.table.query(partition, index=Index.GSI1, limit=1000)
        return [recorded(item).execution for item in page.items]

    def check(self) -> None:
        """Everything adds up: what was paid to the month, logs to executions, executions to the
        month, however it is taken apart.
        """
        costs = self.costs
        assert costs.cost_micro_usd == self.paid
        roots = [each for each in self.executions() if each.parent is None]
        whole = [each.cost_micro_usd for each in roots if each.cost_micro_usd is not None]
        if len(whole) == len(roots):
            assert costs.cost_micro_usd == sum(whole)
        own = [row for each in self.executions() for row in each.costs]
        assert costs.cost_micro_usd == sum(row.cost_micro_usd for row in own)
        assert costs.unknown_calls == sum(row.unknown_calls for row in own)
        for parts in (costs.by_model, costs.by_workflow, costs.by_prompt):
            assert sum(each.cost_micro_usd for each in parts) == costs.cost_micro_usd
            assert sum(each.unknown_calls for each in parts) == costs.unknown_calls
        for each in self.executions():
            logs = [log.cost_micro_usd for log in self.logs(each)]
            if each.cost_micro_usd is not None:
                assert each.cost_micro_usd == sum(cost or 0 for cost in logs)


ONE = {"id": "one", "kind": "prompt"}


async def test_an_execution_is_entered_once_however_often_its_end_is_told() -> None:
    books = Books(ONE)
    execution = books.run()
    await books.step(execution, "one", costing(30))
    for _ in range(3):
        assert books.finish(execution).cost_micro_usd == 30
    assert books.costs.cost_micro_usd == 30
    assert [(each.model, each.cost_micro_usd) for each in books.costs.by_model] == [
        ("fake/echo", 30)
    ]
    assert [each.workflow_id for each in books.costs.by_workflow] == [books.workflow.id]
    assert [each.prompt_id for each in books.costs.by_prompt] == [books.prompt.id]
    books.check()


async def test_models_that_were_asked_in_vain_and_repairs_are_paid() -> None:
    books = Books({**ONE, "fallbacks": ["fake/spare"]})
    execution = books.run()
    await books.step(execution, "one", ModelRefused(), costing(7))
    assert books.finish(execution).cost_micro_usd == 7
    assert [each.model for each in books.costs.by_model] == ["fake/spare"]
    books.check()


async def test_answers_that_do_not_fit_are_paid_in_every_try() -> None:
    books = Books()
    draft = PromptDraft(name="Strict", content="Go", model="fake/echo", output_schema=SCHEMA)
    strict = create_prompt(books.principal, draft, table=books.ports.table, models=MODELS).id
    books.workflow = books.made({**ONE, "prompt": {"id": strict}, "with": {}})
    execution = books.run()
    for attempt, cost in enumerate((5, 6)):
        invalid = [costing(cost, "no"), costing(cost, "still no")]
        tried = {"token": f"t{attempt}", "attempt": attempt, "variables": {}}
        await books.step(execution, "one", *invalid, **tried)
    await books.step(execution, "one", costing(100), token="t3", attempt=2, variables={})
    [log] = books.logs(execution)
    assert [call.cost_micro_usd for call in log.calls] == [5, 5, 6, 6, 100]
    assert books.finish(execution).cost_micro_usd == 5 * 2 + 6 * 2 + 100
    books.check()


async def test_an_unknown_cost_is_counted_and_hides_none_that_is_known() -> None:
    books = Books(ONE, {"id": "two", "kind": "prompt"})
    execution = books.run()
    await books.step(execution, "one", costing(None))
    await books.step(execution, "two", costing(9))
    assert books.finish(execution).cost_micro_usd is None
    assert (books.costs.cost_micro_usd, books.costs.unknown_calls) == (9, 1)
    books.check()


async def test_an_answer_that_was_kept_costs_nothing() -> None:
    books = Books({**ONE, "cache": "1d"})
    for cost in (12, 0):
        execution = books.run()
        await books.step(execution, "one", *([costing(12)] if cost else []))
        assert books.finish(execution).cost_micro_usd == cost
    assert books.costs.cost_micro_usd == 12
    books.check()


async def test_a_run_of_a_prompt_is_entered_with_no_workflow() -> None:
    books = Books(ONE)
    books.answers = [costing(40)]
    job = PromptRunJob(
        workspace=books.principal.workspace,
        log=f"log_{new_id('run')[4:]}_1",
        prompt=books.prompt.id,
        version="1.0.0",
        variables={"text": "x"},
    )
    for count in (1, 2):
        await run_prompt_job(job, count, books.ports)
    found = month_costs(books.principal, _this_month(), table=books.ports.table)
    assert [(each.workflow_id, each.cost_micro_usd) for each in found.by_workflow] == [(None, 40)]


async def test_what_a_child_costs_counts_for_its_parent_and_once_for_the_workspace() -> None:
    books = Books()
    inner = books.made(ONE)
    books.workflow = books.made(calls(inner.id))
    parent = books.run()
    child = await begun(books, parent, "t1")
    await books.step(child, "one", costing(11))
    books.finish(child, output='"done"')
    assert books.finish(parent).cost_micro_usd == 11
    assert books.finish(child, output='"done"').cost_micro_usd == 11
    assert [each.workflow_id for each in books.costs.by_workflow] == [inner.id]
    books.check()


async def test_a_child_that_failed_and_the_one_that_took_its_place_both_count() -> None:
    books = Books()
    books.workflow = books.made(calls(books.made(ONE).id))
    parent = books.run()
    for attempt, cost in enumerate((3, 20)):
        child = await begun(books, parent, f"t{attempt}", attempt=attempt)
        await books.step(child, "one", costing(cost), token=f"one {attempt}")
        books.finish(child, "SUCCEEDED" if attempt else "FAILED", output='"done"')
    assert books.finish(parent).cost_micro_usd == 23
    books.check()


async def test_a_child_that_ends_after_its_parent_still_counts_for_it() -> None:
    books = Books()
    books.workflow = books.made(calls(books.made(ONE).id))
    parent = books.run()
    child = await begun(books, parent, "t1")
    books.change(child, "RUNNING")
    await books.step(child, "one", costing(8))
    assert books.finish(parent, "TIMED_OUT").cost_micro_usd == 0
    books.finish(child, "ABORTED")
    assert books.stored(parent).cost_micro_usd == 8
    books.check()


async def test_what_has_cost_before_its_beginning_was_told_counts_when_it_is_cancelled() -> None:
    books = Books(ONE)
    execution = books.run()
    await books.step(execution, "one", costing(8))
    assert cancelled(books, execution).cost_micro_usd == 8
    found = month_costs(books.principal, _this_month(), table=books.ports.table)
    assert found.cost_micro_usd == 8


async def test_a_step_that_is_answered_after_the_end_still_counts() -> None:
    books = Books()
    books.workflow = books.made(calls(books.made(ONE).id))
    parent = books.run()
    child = await begun(books, parent, "t1")

    def end_meanwhile(request: ModelRequest) -> Completion:
        books.finish(child, "ABORTED")
        books.finish(parent, "ABORTED")
        books.orchestrator.nobody_waits = True
        return costing(70)

    books.ports = books.ports_with(
        models=ScriptedModels({"fake/echo": ScriptedModel(end_meanwhile, price=PRICE)})
    )
    await books.do(child, "one")
    assert books.stored(child).cost_micro_usd == 70
    assert books.stored(parent).cost_micro_usd == 70
    assert books.costs.cost_micro_usd == 0
    found = month_costs(books.principal, _this_month(), table=books.ports.table)
    assert found.cost_micro_usd == 70


async def test_an_execution_that_is_resumed_is_entered_with_what_it_has_cost_since() -> None:
    books = Books(ONE, {"id": "two", "kind": "prompt"})
    books.ended_at = epoch_ms()
    execution = books.run()
    await books.step(execution, "one", costing(30))
    books.finish(execution, "FAILED")
    resumed(books, books.stored(execution))
    await books.step(execution, "two", costing(4))
    books.ended_at = epoch_ms() + 5_000
    assert books.finish(execution).cost_micro_usd == 34
    found = month_costs(books.principal, _this_month(), table=books.ports.table)
    assert found.cost_micro_usd == 34


async def test_a_replay_pays_only_for_what_it_does_anew() -> None:
    books = Books(ONE, {"id": "two", "kind": "prompt"})
    first = books.run()
    await books.step(first, "one", costing(30))
    await books.step(first, "two", costing(4))
    books.finish(first)
    again = replayed(books, books.stored(first), from_step="two")
    await books.step(again, "one")
    await books.step(again, "two", costing(5))
    assert books.finish(again).cost_micro_usd == 5
    assert books.costs.cost_micro_usd == 39
    books.check()


Act = tuple[str, int, int]
acts = st.lists(
    st.tuples(
        st.sampled_from(["answer", "unknown", "fail", "fallback", "cached", "child", "both"]),
        st.integers(0, 50),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(acts, min_size=1, max_size=4), st.integers(0, 3))
def test_steps_add_up_to_executions_and_executions_to_the_month(
    runs: list[list[Act]], folded_every: int
) -> None:
    asyncio.run(_random_month(runs, folded_every))


async def _random_month(runs: list[list[Act]], folded_every: int) -> None:
    books = Books()
    inner = books.made({**ONE, "fallbacks": ["fake/spare"]})
    for number, steps in enumerate(runs):
        made = [_step(place, act, inner.id) for place, act in enumerate(steps)]
        books.workflow = books.made(*made)
        execution = books.run()
        for place, act in enumerate(steps):
            await _act(books, execution, f"s{place}", act)
        status = "SUCCEEDED" if number % 2 else "FAILED"
        books.finish(execution, status)
        books.finish(execution, status)
        if folded_every and number % folded_every == 0:
            fold(books.principal.workspace, MONTH, table=books.ports.table)
        books.check()


def _step(place: int, act: Act, inner: str) -> dict[str, Any]:
    name = f"s{place}"
    if act[0] in ("child", "both"):
        return {**calls(inner), "id": name}
    step: dict[str, Any] = {"id": name, "kind": "prompt", "fallbacks": ["fake/spare"]}
    return {**step, "cache": "1d"} if act[0] == "cached" else step


async def _act(books: Books, execution: Execution, step: str, act: Act) -> None:
    kind, cost, tries = act
    for attempt in range(tries):
        fields = {"token": f"{step} {attempt}", "attempt": attempt}
        if kind in ("child", "both"):
            await _child(books, execution, step, cost, "FAILED", fields)
        elif kind != "cached":
            await books.step(execution, step, ModelRefused(), ModelRefused(), **fields)
    fields = {"token": f"{step} {tries}", "attempt": tries}
    if kind in ("child", "both"):
        await _child(books, execution, step, cost, "SUCCEEDED", fields)
        return
    answers: dict[str, list[ScriptedAnswer]] = {
        "answer": [costing(cost)],
        "unknown": [costing(None)],
        "fail": [ModelRefused(), ModelRefused()],
        "fallback": [ModelRefused(), costing(cost)],
    }
    if kind == "cached":
        books.answers = [costing(cost)]
        await books.do(execution, step, **fields)
    else:
        await books.step(execution, step, *answers[kind], **fields)


async def _child(
    books: Books, parent: Execution, step: str, cost: int, status: str, fields: dict[str, Any]
) -> None:
    child = await begun(books, parent, fields["token"], step=step, attempt=fields["attempt"])
    await books.step(child, "one", ModelRefused(), costing(cost), token=fields["token"] + " in")
    books.finish(child, status, output='"done"')


def calls(workflow: str) -> dict[str, Any]:
    return {
        "id": "sub",
        "kind": "workflow",
        "workflow": {"id": workflow},
        "with": {},
        "retry": {"attempts": 3, "on": ["ChildFailed"]},
    }


async def begun(
    books: Books, parent: Execution, token: str, *, step: str = "sub", **fields: Any
) -> Execution:
    """The execution that a step runs now."""
    before = _children(books, parent)
    await books.do(parent, step, token=token, variables={}, **fields)
    [child] = [each for name, each in _children(books, parent).items() if name not in before]
    return child


def _children(books: Books, parent: Execution) -> dict[str, Execution]:
    found = all_children(parent.workspace, parent.id, table=books.ports.table)
    return {each.id: each for each in found}


def _this_month() -> str:
    return month_of(now())
