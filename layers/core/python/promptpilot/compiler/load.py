"""How much a part of a workflow can make an execution do."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from promptpilot.compiler.node import Block, Node, well_formed
from promptpilot.domain.bounds import Bounds


@dataclass(frozen=True, slots=True)
class Load:
    """The most model calls, transitions (states entered and retries) and history events."""

    model_calls: int = 0
    transitions: int = 0
    history_events: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.model_calls + other.model_calls,
            self.transitions + other.transitions,
            self.history_events + other.history_events,
        )

    def __mul__(self, times: int) -> "Load":
        return Load(self.model_calls * times, self.transitions * times, self.history_events * times)


EXECUTION = Load(history_events=2)
"""An execution's start and end."""

PASS = Load(transitions=1, history_events=2)
"""A state that only assigns, chooses or waits: entered, exited."""

FORK = Load(transitions=1, history_events=4)
"""A Parallel or a Map around what runs in it: entered, started, succeeded or failed, exited."""

ITERATION = Load(history_events=2)
"""One round of a Map around what runs in it: started, succeeded or failed."""


def summed(loads: Iterable[Load]) -> Load:
    """All of them."""
    return sum(loads, Load())


def largest(loads: Iterable[Load]) -> Load:
    """As much of each as any one of them."""
    each = list(loads)
    return Load(
        max(load.model_calls for load in each),
        max(load.transitions for load in each),
        max(load.history_events for load in each),
    )


class Estimate:
    """Adds up what the steps of blocks can do. `children` are the bounds of the workflows that
    steps run, by step id.
    """

    def __init__(self, step_load: "StepLoad", children: Mapping[str, Bounds]) -> None:
        self.children = children
        self._step_load = step_load

    def step(self, node: Node[Any]) -> Load:
        """What one step can do, with all that it holds."""
        return self._step_load(node, self)

    def block(self, block: Block) -> Load:
        """What steps that run one after another can do."""
        return summed(map(self.step, well_formed(block)))


StepLoad = Callable[[Node[Any], Estimate], Load]
