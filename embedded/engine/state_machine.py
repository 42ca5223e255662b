"""A state machine: checked whole when it is published, compiled for running."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.engine.choice_state import Choice
from embedded.engine.end_states import Fail, Succeed
from embedded.engine.fields import MAX_SECONDS, Fields
from embedded.engine.frame import State
from embedded.engine.map_state import Map
from embedded.engine.parallel_state import Parallel
from embedded.engine.pass_state import Pass
from embedded.engine.state_scopes import StateScope
from embedded.engine.states import States
from embedded.engine.task_state import Task
from embedded.engine.wait_state import Wait
from promptpilot.errors import DocumentInvalid

_STATES: Mapping[str, Callable[[Fields], State]] = {
    "Task": Task.read,
    "Pass": Pass.read,
    "Choice": Choice.read,
    "Wait": Wait.read,
    "Succeed": Succeed.read,
    "Fail": Fail.read,
    "Parallel": lambda fields: Parallel.read(fields, _states),
    "Map": lambda fields: Map.read(fields, _states),
}
"""By `Type`, what reads the state's definition."""

MAX_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A compiled machine. `key` names it among all; `timeout_seconds` limits an execution; `maps`
    are the names of its Map states.
    """

    key: str
    workflow: str
    states: States[State]
    timeout_seconds: float | None
    maps: frozenset[str]


def compile_machine(key: str, workflow: str, asl: str) -> StateMachine:
    """Check and compile a definition, given as JSON text.

    Raises `DocumentInvalid` with every problem: also for a state that this engine cannot run.
    """
    scope = StateScope([])
    fields = Fields(json.loads(asl), "", scope)
    fields.allow("Comment", "StartAt", "States", "TimeoutSeconds", "QueryLanguage", "Version")
    if fields.value("QueryLanguage") != "JSONata":
        fields.problem("QueryLanguage", "unsupported", "The only query language here is JSONata.")
    states = _states(fields)
    timeout = fields.number("TimeoutSeconds", MAX_SECONDS, at_least=1)
    scope.check()
    if scope.problems:
        raise DocumentInvalid(problems=tuple(scope.problems))
    limit = timeout if "TimeoutSeconds" in fields else None
    return StateMachine(key, workflow, states, limit, frozenset(scope.maps))


def _states(fields: Fields) -> States[State]:
    """The states of the scope whose `StartAt` and `States` these are."""
    start_at = fields.next_state("StartAt")
    among = fields.inner("States")
    read = {name: _state(name, among.inner(name), among) for name in among.names()}
    return States(start_at, {name: state for name, state in read.items() if state is not None})


def _state(name: str, fields: Fields, among: Fields) -> State | None:
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        message = f"A state's name has 1 to {MAX_NAME_CHARACTERS} characters."
        among.problem(name, "wrong_value", message)
    among.scope.name_state(name, fields.at, is_map=fields.value("Type") == "Map")
    if fields.value("QueryLanguage") not in {None, "JSONata"}:
        fields.problem("QueryLanguage", "unsupported", "The only query language here is JSONata.")
    kind: Any = fields.value("Type")
    read = _STATES.get(kind) if isinstance(kind, str) else None
    if read is None:
        message = f"State {name!r} is of type {kind!r}, which this engine cannot run."
        fields.problem("Type", "unsupported_state", message)
        return None
    return read(fields)
