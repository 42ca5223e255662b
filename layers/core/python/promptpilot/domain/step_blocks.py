"""Where a step holds other steps, and going through all steps of a document."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from promptpilot.domain.workflow_steps import (
    BranchStep,
    CaughtSteps,
    LoopStep,
    MapStep,
    ParallelStep,
    Step,
)


class StepBlock(NamedTuple):
    """Steps that run one after another. `place` leads to them within the step that holds them, as
    parts of a JSON pointer; `name` is a part of the path of the steps within, where there is one.
    """

    place: tuple[str | int, ...]
    name: str | None
    steps: Sequence[Step]

    def below(self, path: str) -> str:
        """What the paths of the steps within begin with; `path` is that of the step around them."""
        return path_below(path, self.name)


def path_below(path: str, name: str | None) -> str:
    """What paths begin with in a step at `path`, or in its branch of that name."""
    return f"{path}/{name}/" if name else f"{path}/"


def _of_branch(step: Any) -> Iterator[StepBlock]:
    for at, case in enumerate(step.cases):
        yield StepBlock(("cases", at, "steps"), None, case.steps)
    yield StepBlock(("otherwise",), None, step.otherwise)


def _of_parallel(step: Any) -> Iterator[StepBlock]:
    for name, steps in step.branches.items():
        yield StepBlock(("branches", name), name, steps)


def _of_body(step: Any) -> Iterator[StepBlock]:
    yield StepBlock(("steps",), None, step.steps)


_BLOCKS: Mapping[type[Step], Callable[[Any], Iterator[StepBlock]]] = {
    BranchStep: _of_branch,
    ParallelStep: _of_parallel,
    MapStep: _of_body,
    LoopStep: _of_body,
}


def blocks_of(step: Step) -> Iterator[StepBlock]:
    """The blocks that a step holds, in reading order."""
    find = _BLOCKS.get(type(step))
    if find is not None:
        yield from find(step)
    caught = getattr(step, "on_error", None)
    if isinstance(caught, CaughtSteps):
        yield StepBlock(("on_error", "steps"), None, caught.steps)


def steps_by_path(steps: Sequence[Step], outer: str = "") -> Iterator[tuple[str, Step]]:
    """Every step with the ids that lead to it, in reading order: `route/ask`, `fan/left/ask`."""
    for step in steps:
        path = f"{outer}{step.id}"
        yield path, step
        for block in blocks_of(step):
            yield from steps_by_path(block.steps, block.below(path))
