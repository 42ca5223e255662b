"""What Step Functions keeps of an execution, told as the engine tells its own."""

from collections.abc import Sequence
from typing import Any

import pytest

from promptpilot.adapters.aws.execution_history import events_of
from promptpilot.ports.orchestrator import HistoryEvent
from tests.contract.canned_step_functions import EXECUTION, MACHINE, NOW, Answers

Told = list[tuple[Any, ...]]


class Written:
    """A history as Step Functions writes it, event by event."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, before: int | None = None, **details: Any) -> int:
        """The new event's id; it follows the last one, or the one named."""
        number = len(self.events) + 1
        previous = number - 1 if before is None else before
        event = {"id": number, "previousEventId": previous, "type": kind, "timestamp": NOW}
        self.events.append(event | details)
        return number

    def entered(self, kind: str, name: str, before: int | None = None) -> int:
        return self.add(f"{kind}StateEntered", before, stateEnteredEventDetails={"name": name})

    def exited(self, kind: str, name: str, before: int | None = None) -> int:
        return self.add(f"{kind}StateExited", before, stateExitedEventDetails={"name": name})

    def task(self, name: str, before: int | None = None) -> int:
        self.entered("Task", name, before)
        for kind in ("TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"):
            self.add(kind)
        return self.exited("Task", name)

    def iteration(self, what: str, index: int, before: int | None = None) -> int:
        details = {"name": "each", "index": index}
        return self.add(
            f"MapIteration{what}", before, **{f"mapIteration{what}EventDetails": details}
        )

    def failed(self, error: str) -> int:
        return self.add("TaskFailed", taskFailedEventDetails={"error": error})


def told(events: Sequence[HistoryEvent]) -> Told:
    return [(each.type.removeprefix("state_"), each.state, *each.iteration) for each in events]


@pytest.fixture
def written() -> Written:
    written = Written()
    written.add("ExecutionStarted")
    return written


def test_a_chain_tells_what_its_states_did(written: Written) -> None:
    written.task("a")
    written.task("b")
    written.add("ExecutionSucceeded")
    events = list(events_of(written.events))
    assert told(events) == [("entered", "a"), ("exited", "a"), ("entered", "b"), ("exited", "b")]
    assert [each.id for each in events] == [1, 2, 3, 4]
    assert {each.at for each in events} == {NOW}


def test_tries_of_a_task_and_a_fail_are_told(written: Written) -> None:
    written.entered("Task", "a")
    written.add("TaskScheduled")
    written.failed("E")
    written.add("TaskScheduled")
    written.add("TaskTimedOut", taskTimedOutEventDetails={"error": "States.Timeout"})
    written.exited("Task", "a")
    written.entered("Fail", "f")
    written.add("ExecutionFailed", executionFailedEventDetails={"error": "Last"})
    events = list(events_of(written.events))
    assert told(events) == [
        ("entered", "a"),
        ("failed", "a"),
        ("retried", "a"),
        ("failed", "a"),
        ("exited", "a"),
        ("entered", "f"),
        ("failed", "f"),
    ]
    assert [each.error for each in events if each.error] == ["E", "States.Timeout", "Last"]


def test_an_expression_that_fails_names_its_state(written: Written) -> None:
    written.entered("Pass", "p")
    details = {"state": "p", "error": "States.QueryEvaluationError"}
    written.add("EvaluationFailed", evaluationFailedEventDetails=details)
    written.add("ExecutionFailed", executionFailedEventDetails={"error": details["error"]})
    *_, last = events_of(written.events)
    assert (last.type, last.state, last.error) == ("state_failed", "p", details["error"])
    assert last.id == 2


def test_iterations_are_told_apart_by_the_events_before(written: Written) -> None:
    written.entered("Map", "each")
    started = written.add("MapStateStarted", mapStateStartedEventDetails={"length": 2})
    first, second = written.iteration("Started", 0), written.iteration("Started", 1, started)
    in_second = written.entered("Pass", "it", second)
    in_first = written.entered("Pass", "it", first)
    written.exited("Pass", "it", in_first)
    written.iteration("Succeeded", 0)
    written.exited("Pass", "it", in_second)
    written.iteration("Succeeded", 1)
    written.add("MapStateSucceeded")
    written.exited("Map", "each")
    written.task("after")
    assert told(list(events_of(written.events)))[:-2] == [
        ("entered", "each"),
        ("entered", "it", 1),
        ("entered", "it", 0),
        ("exited", "it", 0),
        ("exited", "it", 1),
        ("exited", "each"),
    ]


def test_a_failure_goes_outwards_through_a_map_and_a_parallel(written: Written) -> None:
    written.entered("Parallel", "fan")
    started = written.add("ParallelStateStarted")
    written.entered("Pass", "side", started)
    written.entered("Map", "each", started)
    written.add("MapStateStarted")
    written.iteration("Started", 0)
    written.entered("Task", "it")
    written.add("TaskScheduled")
    written.failed("E")
    written.iteration("Failed", 0)
    written.add("MapStateFailed")
    written.add("ParallelStateFailed")
    written.exited("Parallel", "fan")
    events = list(events_of(written.events))
    assert told(events)[4:] == [
        ("failed", "it", 0),
        ("failed", "each"),
        ("failed", "fan"),
        ("exited", "fan"),
    ]
    assert [each.error for each in events[4:]] == ["E", "E", "E", None]


def test_it_is_read_page_by_page_and_no_further_than_asked(written: Written) -> None:
    for name in ("a", "b", "c"):
        written.task(name)
    asked = {"executionArn": EXECUTION, "maxResults": 1000, "includeExecutionData": False}
    answers = Answers()
    first = {"events": written.events[:8], "nextToken": "more"}
    answers.well("get_execution_history", first, asked)
    rest = {"events": written.events[8:]}
    answers.well("get_execution_history", rest, {**asked, "nextToken": "more"})
    history = answers.orchestrator.history
    assert told(history(MACHINE, "ws_1-exec_1", after=3, limit=2)) == [
        ("exited", "b"),
        ("entered", "c"),
    ]
    answers.used_up()
    answers.well("get_execution_history", first, asked)
    assert told(history(MACHINE, "ws_1-exec_1", after=0, limit=1)) == [("entered", "a")]


def test_an_unknown_execution_has_none() -> None:
    answers = Answers().refuse("get_execution_history", "ExecutionDoesNotExist")
    assert answers.orchestrator.history(MACHINE, "ws_1-exec_1", after=0, limit=10) == ()
