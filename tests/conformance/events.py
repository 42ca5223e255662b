"""How many events Step Functions' history would have, from what our engine's history tells.

Source: the histories that Step Functions keeps ("Guide, Execution history"): two of an execution,
two of every state, but one of a Fail, four of every attempt of a task that waits for its token, two
of every attempt of a Parallel or a Map, two of every iteration.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptpilot.ports.orchestrator import HistoryEvent

OF_EXECUTION = 2
OF_STATE = 2
OF_ITERATION = 2
OF_FAIL = 1
OF_ATTEMPT = {"Task": 4, "Parallel": 2, "Map": 2}


def transitions(history: Sequence[HistoryEvent]) -> int:
    """States entered, and retries: what Step Functions bills."""
    return sum(event.type in {"state_entered", "state_retried"} for event in history)


def events(asl: Mapping[str, Any], history: Sequence[HistoryEvent]) -> int:
    """The events of an execution that has ended, those of a failure counted as if it were none."""
    entered = Counter(event.state for event in history if event.type == "state_entered")
    retried = Counter(event.state for event in history if event.type == "state_retried")
    total = OF_EXECUTION
    for name, state in _states(asl):
        total += entered[name] * (OF_FAIL if state["Type"] == "Fail" else OF_STATE)
        total += OF_ATTEMPT.get(state["Type"], 0) * (entered[name] + retried[name])
        if state["Type"] == "Map":
            total += OF_ITERATION * entered[state["ItemProcessor"]["StartAt"]]
    return total


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor")):
            if inner:
                yield from _states(inner)
