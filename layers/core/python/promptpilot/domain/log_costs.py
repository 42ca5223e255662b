"""What the log of a step says of money: the one place where costs of steps are counted.

The log of a step that called models is the account of these calls. That of a step that ran another
execution repeats what that one's own logs say, so it counts towards the execution above, and not
once more towards the workspace.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from promptpilot.domain.base import NOTHING
from promptpilot.domain.cost_row import Asker, Spent, added
from promptpilot.domain.execution import ExecutionLog, LogStatus
from promptpilot.domain.ids import ExecutionId, PromptId
from promptpilot.domain.model import Usage
from promptpilot.domain.model_call import ModelCall
from promptpilot.domain.step_job import StepKind


class Counted(BaseModel):
    """What of a log counts: a fraction of it, and of what reading the whole would take."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    kind: StepKind = "prompt"
    status: LogStatus
    prompt_id: PromptId | None = None
    model: str | None = None
    cached: bool = False
    calls: tuple[ModelCall, ...] = ()
    earlier_children: Mapping[ExecutionId, int | None] = NOTHING
    usage: Usage | None = None
    cost_micro_usd: int | None = None


AnyLog = Counted | ExecutionLog


def own_costs(log: AnyLog) -> dict[Asker, Spent]:
    """What calls of models have cost in the step, all its tries; nothing where another execution
    made them.
    """
    if log.kind == "workflow":
        return {}
    if log.calls:
        return added(*({Asker(each.model, log.prompt_id): _spent_by(each)} for each in log.calls))
    if log.model is None:
        return {}
    unknown = log.cost_micro_usd is None and not log.cached and _was_answered(log)
    return {Asker(log.model, log.prompt_id): Spent(log.cost_micro_usd or 0, int(unknown))}


def whole_cost(log: AnyLog) -> Spent:
    """What the step has cost, what another execution did for it included."""
    if log.kind != "workflow":
        return sum_of(own_costs(log))
    if log.cost_micro_usd is not None:
        return Spent(log.cost_micro_usd)
    earlier = log.earlier_children.values()
    unknown = sum(cost is None for cost in earlier) + _was_answered(log)
    return Spent(sum(cost or 0 for cost in earlier), unknown)


def sum_of(sums: Mapping[Asker, Spent]) -> Spent:
    """All together."""
    total = Spent()
    for spent in sums.values():
        total = total.plus(spent)
    return total


def _spent_by(call: ModelCall) -> Spent:
    return Spent(call.cost_micro_usd or 0, int(call.cost_micro_usd is None and call.error is None))


def _was_answered(log: AnyLog) -> bool:
    """Whether there was an answer that has a cost, known or not."""
    return log.status is LogStatus.SUCCEEDED or log.usage is not None


MOST_CALLS = 100
"""Of more earlier calls than these the log keeps sums only."""


def before_next_try(log: ExecutionLog) -> dict[str, object]:
    """What the log of a step's next try has of this one's: what it has cost."""
    if log.kind == "workflow":
        children = dict(log.earlier_children)
        if log.child is not None and log.usage is not None:
            rest = [cost for child, cost in children.items() if child != log.child]
            children[log.child] = _less(log.cost_micro_usd, rest)
        return {"earlier_children": children} if children else {}
    calls = _compacted(tuple(each for each in _calls(log) if each.usage is not None))
    return {"calls": calls} if calls else {}


def _less(whole: int | None, parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return None if whole is None or len(known) < len(parts) else whole - sum(known)


def _calls(log: ExecutionLog) -> tuple[ModelCall, ...]:
    if log.calls or log.model is None or log.cached:
        return log.calls
    return (
        ModelCall(
            model=log.model,
            usage=log.usage,
            cost_micro_usd=log.cost_micro_usd,
            latency_ms=log.latency_ms or 0.0,
        ),
    )


def _compacted(calls: tuple[ModelCall, ...]) -> tuple[ModelCall, ...]:
    if len(calls) <= MOST_CALLS:
        return calls
    merged: dict[tuple[str, str, str | None, bool], ModelCall] = {}
    for call in calls:
        kind = (call.model, call.purpose, call.error, call.cost_micro_usd is None)
        merged[kind] = _merged(merged[kind], call) if kind in merged else call
    return tuple(merged.values())


def _merged(one: ModelCall, other: ModelCall) -> ModelCall:
    cost = one.cost_micro_usd
    return one.model_copy(
        update={
            "usage": (one.usage or Usage()) + (other.usage or Usage()),
            "cost_micro_usd": None if cost is None else cost + (other.cost_micro_usd or 0),
            "latency_ms": one.latency_ms + other.latency_ms,
            "waited_ms": one.waited_ms + other.waited_ms,
        }
    )


def used(log: AnyLog) -> Usage:
    """The tokens that the step has used; those of an answer of before were counted then."""
    if log.usage is not None and not log.cached:
        return log.usage
    total = Usage()
    for call in log.calls:
        total += call.usage or Usage()
    return total


def costed(log: ExecutionLog) -> ExecutionLog:
    """The log with what earlier tries have cost, where the last one has called no model."""
    if log.cost_micro_usd is not None or not (log.calls or log.earlier_children):
        return log
    whole = whole_cost(log)
    if whole.unknown_calls:
        return log
    return log.model_copy(update={"cost_micro_usd": whole.cost_micro_usd})
