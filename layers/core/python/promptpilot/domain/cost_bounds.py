"""What an execution of a workflow can cost, put together from what its steps can cost. Pure."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

from promptpilot.domain.base import NONE_OMITTED, Model
from promptpilot.domain.bounds import Bounds
from promptpilot.domain.step_blocks import path_below
from promptpilot.domain.workflow_steps import (
    BranchStep,
    CaughtSteps,
    LoopStep,
    MapStep,
    ParallelStep,
    Step,
)


class CostRange(Model):
    """From what an execution costs about at least, to what it cannot exceed, in micro-US-dollars.

    The lowest is what the prompts' own texts cost to be read (four characters a token) where every
    step that is sure to run asks its model once and nothing fails. The highest is every call that
    there can be, with as much as its model can take in and the longest answer that it may give.
    """

    lowest_micro_usd: int
    highest_micro_usd: int


class CostedBounds(Bounds):
    """The bounds of an execution, and what it can cost at the prices of now. `cost` is None where
    that cannot be known; `cost_unknown` then says why.
    """

    cost: CostRange | None = None
    cost_unknown: Annotated[tuple[str, ...], NONE_OMITTED] = ()


class Cost(NamedTuple):
    """A range in micro-US-dollars."""

    lowest: int = 0
    highest: int = 0

    def plus(self, other: "Cost") -> "Cost":
        """One after the other, or at the same time."""
        return Cost(self.lowest + other.lowest, self.highest + other.highest)

    def times(self, least: int, most: int) -> "Cost":
        """From `least` to `most` times."""
        return Cost(self.lowest * least, self.highest * most)


StepCost = Callable[[str, Step], Cost]
"""What a step costs that holds no other steps, by its path."""


def cost_of(steps: Sequence[Step], cost_of_step: StepCost, outer: str = "") -> Cost:
    """What steps cost that run one after another; `outer` is what their paths begin with."""
    total = Cost()
    for step in steps:
        total = total.plus(_cost(step, f"{outer}{step.id}", cost_of_step))
    return total


def _cost(step: Step, path: str, cost_of_step: StepCost) -> Cost:
    find = _HOLDERS.get(type(step))
    own = cost_of_step(path, step) if find is None else find(step, path, cost_of_step)
    caught = getattr(step, "on_error", None)
    if isinstance(caught, CaughtSteps):
        also = cost_of(caught.steps, cost_of_step, path_below(path, None))
        own = own.plus(also.times(0, 1))
    return own


def _of_branch(step: Any, path: str, cost_of_step: StepCost) -> Cost:
    """One of the paths."""
    below = path_below(path, None)
    paths = [*(case.steps for case in step.cases), step.otherwise]
    costs = [cost_of(each, cost_of_step, below) for each in paths]
    return Cost(min(each.lowest for each in costs), max(each.highest for each in costs))


def _of_parallel(step: Any, path: str, cost_of_step: StepCost) -> Cost:
    total = Cost()
    for name, steps in step.branches.items():
        total = total.plus(cost_of(steps, cost_of_step, path_below(path, name)))
    return total


def _of_map(step: Any, path: str, cost_of_step: StepCost) -> Cost:
    one = cost_of(step.steps, cost_of_step, path_below(path, None))
    if isinstance(step.items, list | tuple):
        return one.times(len(step.items), len(step.items))
    return one.times(0, step.max_items)


def _of_loop(step: Any, path: str, cost_of_step: StepCost) -> Cost:
    """A condition that is tested after a round lets one be."""
    one = cost_of(step.steps, cost_of_step, path_below(path, None))
    return one.times(0 if step.until is None else 1, step.max_iterations)


_HOLDERS: dict[type[Step], Callable[[Any, str, StepCost], Cost]] = {
    BranchStep: _of_branch,
    ParallelStep: _of_parallel,
    MapStep: _of_map,
    LoopStep: _of_loop,
}
