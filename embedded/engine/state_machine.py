"""A state machine: checked whole when it is published, compiled for running."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.engine.choice_state import Choice
from embedded.engine.end_states import Fail, Succeed
from embedded.engine.fields import MAX_SECONDS, Fields
from embedded.engine.frame import State
from embedded.engine.pass_state import Pass
from embedded.engine.task_state import Task
from embedded.engine.wait_state import Wait
from promptpilot.errors import DocumentInvalid, Problem

_STATES: Mapping[str, Callable[[Fields], State]] = {
    "Task": Task.read,
    "Pass": Pass.read,
    "Choice": Choice.read,
    "Wait": Wait.read,
    "Succeed": Succeed.read,
    "Fail": Fail.read,
}
"""By `Type`, what reads the state's definition."""

MAX_NAME_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A compiled machine. `key` names it among all; `timeout_seconds` limits an execution."""

    key: str
    workflow: str
    start_at: str
    states: Mapping[str, State]
    timeout_seconds: float | None


def compile_machine(key: str, workflow: str, asl: str) -> StateMachine:
    """Check and compile a definition, given as JSON text.

    Raises `DocumentInvalid` with every problem: also for a state that this engine cannot run.
    """
    problems: list[Problem] = []
    targets: list[tuple[str, str]] = []
    fields = Fields(json.loads(asl), "", problems, targets)
    fields.allow("Comment", "StartAt", "States", "TimeoutSeconds", "QueryLanguage", "Version")
    if fields.value("QueryLanguage") != "JSONata":
        fields.problem("QueryLanguage", "unsupported", "The only query language here is JSONata.")
    start_at = fields.next_state("StartAt")
    states = _states(fields.inner("States"))
    timeout = fields.number("TimeoutSeconds", MAX_SECONDS, at_least=1)
    for at, target in targets:
        if target not in states:
            problems.append(Problem(at, "unknown_state", f"There is no state {target!r}."))
    if problems:
        raise DocumentInvalid(problems=tuple(problems))
    running = {name: state for name, state in states.items() if state is not None}
    return StateMachine(
        key, workflow, start_at, running, timeout if "TimeoutSeconds" in fields else None
    )


def _states(fields: Fields) -> dict[str, State | None]:
    return {name: _state(name, fields.inner(name), fields) for name in fields.names()}


def _state(name: str, fields: Fields, among: Fields) -> State | None:
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        message = f"A state's name has 1 to {MAX_NAME_CHARACTERS} characters."
        among.problem(name, "wrong_value", message)
    if fields.value("QueryLanguage") not in {None, "JSONata"}:
        fields.problem("QueryLanguage", "unsupported", "The only query language here is JSONata.")
    kind: Any = fields.value("Type")
    read = _STATES.get(kind) if isinstance(kind, str) else None
    if read is None:
        message = f"State {name!r} is of type {kind!r}, which this engine cannot run."
        fields.problem("Type", "unsupported_state", message)
        return None
    return read(fields)
