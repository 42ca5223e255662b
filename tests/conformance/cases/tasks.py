"""Tasks: what the worker gets, and what becomes of its answer."""

from tests.conformance.acts import LATE, SILENT, ok
from tests.conformance.case import Case, fails_with, succeeds
from tests.conformance.states import catch, work
from tests.engine.asl import pass_

CAUGHT = pass_(Output="{% $states.input.Error %}")
WRONG = pass_(Output="wrong")

CASES = [
    Case(
        name="task: the result is the output",
        why="Task State: the output is the task's result.",
        states={"t": work("t")},
        ends=succeeds({"output": "t"}),
        entered="t",
        jobs={"t": 1},
    ),
    Case(
        name="task: arguments are evaluated",
        why="JSONata states: Arguments may hold expressions.",
        states={"t": work("t", given={"a": "{% $states.input.n * 2 %}", "b": ["x", None]})},
        input={"n": 4},
        ends=succeeds({"output": "t"}),
        entered="t",
        given={"t": [{"a": 8, "b": ["x", None]}]},
    ),
    Case(
        name="task: output from the result and the input",
        why="Guide, Transforming data: Output sees $states.result and $states.input.",
        states={"t": work("t", Output=["{% $states.result.output %}", "{% $states.input.n %}"])},
        input={"n": 4},
        ends=succeeds(["t", 4]),
        entered="t",
    ),
    Case(
        name="task: Assign keeps the result while Output goes on",
        why="Guide, Variables: Assign and Output are independent of each other.",
        states={
            "t": work("t", "e", Assign={"kept": "{% $states.result %}"}, Output="given on"),
            "e": pass_(Output=["{% $kept.output %}", "{% $states.input %}"]),
        },
        ends=succeeds(["t", "given on"]),
        entered="t e",
    ),
    Case(
        name="task: a loop runs it again, each time with a new token",
        why="Guide, Wait for a callback: a token belongs to one task.",
        states={
            "a": pass_("t", Assign={"n": 0}),
            "t": work("t", "c", given="{% $n %}", Assign={"n": "{% $n + 1 %}"}),
            "c": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n < 3 %}", "Next": "t"}],
                "Default": "e",
            },
            "e": pass_(Output="{% $n %}"),
        },
        ends=succeeds(3),
        entered="a t c t c t c e",
        given={"t": [0, 1, 2]},
    ),
    Case(
        name="task: over its time",
        why="TimeoutSeconds: past it the task fails with States.Timeout.",
        states={"t": work("t", TimeoutSeconds=1)},
        work={"t": [SILENT]},
        ends=fails_with("States.Timeout"),
        entered="t",
    ),
    Case(
        name="task: over its time, from an expression",
        why="TimeoutSeconds may be a JSONata string.",
        states={"t": work("t", TimeoutSeconds="{% $states.input.s %}", Catch=[catch("States.ALL")])}
        | {"caught": CAUGHT},
        input={"s": 1},
        work={"t": [SILENT]},
        ends=succeeds("States.Timeout"),
        entered="t caught",
    ),
    Case(
        name="task: a result that comes too late",
        why="SendTaskSuccess: a task that timed out takes no result.",
        states={"t": work("t", TimeoutSeconds=1)},
        work={"t": [LATE]},
        ends=fails_with("States.Timeout"),
        entered="t",
        lost=["t"],
    ),
    Case(
        name="task: a worker that falls silent",
        why="HeartbeatSeconds: longer between heartbeats, and the task fails.",
        states={
            "t": work("t", TimeoutSeconds=30, HeartbeatSeconds=1, Catch=[catch("States.ALL")]),
            "caught": pass_(Output="caught"),
        },
        work={"t": [SILENT]},
        ends=succeeds("caught"),
        entered="t caught",
    ),
    Case(
        name="task: the error of a missed heartbeat",
        why="Errors: States.HeartbeatTimeout is the name of a missed heartbeat.",
        states={
            "t": work(
                "t",
                TimeoutSeconds=30,
                HeartbeatSeconds=1,
                Catch=[catch("States.HeartbeatTimeout"), catch("States.ALL", to="wrong")],
            ),
            "caught": CAUGHT,
            "wrong": WRONG,
        },
        work={"t": [SILENT]},
        ends=succeeds("States.HeartbeatTimeout"),
        entered="t caught",
    ),
    Case(
        name="task: heartbeats keep it alive",
        why="SendTaskHeartbeat resets the clock of HeartbeatSeconds.",
        states={"t": work("t", TimeoutSeconds=30, HeartbeatSeconds=1)},
        work={"t": [ok(beats=5)]},
        unfit={"moto": "It may take longer than the heartbeat for an answer to a heartbeat."},
        ends=succeeds({"output": "t"}),
        entered="t",
    ),
    Case(
        name="task: heartbeats do not prolong its time",
        why="TimeoutSeconds is for the whole task, whatever its heartbeats.",
        states={"t": work("t", TimeoutSeconds=2, HeartbeatSeconds=1)},
        work={"t": [ok(beats=12)]},
        ends=fails_with("States.Timeout"),
        entered="t",
    ),
]
