"""Retry and Catch: which errors they take, in which order, and how often."""

from typing import Any

from tests.conformance.acts import SILENT, fail, ok
from tests.conformance.case import Case, End, fails_with, succeeds
from tests.conformance.states import catch, retry, work
from tests.engine.asl import pass_

CAUGHT = pass_(Output="{% $states.input.Error %}")
WRONG = pass_(Output="wrong")
ENDS = {"caught": CAUGHT, "wrong": WRONG}


def failing(name: str, why: str, ends: End, entered: str, jobs: int = 1, **fields: Any) -> Case:
    """A task that fails with E, each time."""
    acts = fields.pop("acts", [fail("E")] * 9)
    unfit = fields.pop("unfit", {})
    return Case(
        name=name,
        why=why,
        states={"t": work("t", **fields), **ENDS},
        work={"t": acts},
        ends=ends,
        entered=entered,
        jobs={"t": jobs},
        unfit=unfit,
    )


CATCHES = [
    failing(
        "error: uncaught",
        "Errors: without Retry and Catch the execution fails with the error.",
        fails_with("E", "^because$"),
        "t",
    ),
    failing(
        "catch: the first that names the error",
        "Catch: catchers are tried in order.",
        succeeds("E"),
        "t caught",
        Catch=[catch("F", to="wrong"), catch("G", "E"), catch("E", to="wrong")],
    ),
    failing(
        "catch: none names the error",
        "Catch: an error that no catcher names fails the execution.",
        fails_with("E"),
        "t",
        Catch=[catch("F", to="wrong"), catch("States.Timeout", to="wrong")],
    ),
    failing(
        "catch: States.ALL",
        "Errors: States.ALL stands for any error name.",
        succeeds("E"),
        "t caught",
        Catch=[catch("F", to="wrong"), catch("States.ALL")],
    ),
    failing(
        "catch: States.TaskFailed",
        "Errors: States.TaskFailed stands for any error of a task but States.Timeout.",
        succeeds("E"),
        "t caught",
        Catch=[catch("States.TaskFailed"), catch("States.ALL", to="wrong")],
    ),
    failing(
        "catch: States.TaskFailed is no timeout",
        "Errors: States.TaskFailed stands for any error of a task but States.Timeout.",
        succeeds("States.Timeout"),
        "t caught",
        acts=[SILENT],
        TimeoutSeconds=1,
        Catch=[catch("States.TaskFailed", to="wrong"), catch("States.Timeout")],
    ),
    failing(
        "catch: States.Timeout is a missed heartbeat too",
        "Guide, Errors: States.Timeout is a task over its time, or without a heartbeat in time.",
        succeeds("States.HeartbeatTimeout"),
        "t caught",
        acts=[SILENT],
        TimeoutSeconds=20,
        HeartbeatSeconds=1,
        Catch=[catch("E", to="wrong"), catch("States.Timeout")],
    ),
    Case(
        name="catch: the error's name and cause, in Output and Assign",
        why="Catch: $states.errorOutput has Error and Cause; $states.input is the state's.",
        states={
            "t": work(
                "t",
                Catch=[
                    catch(
                        "E",
                        Assign={"why": "{% $states.errorOutput.Cause %}"},
                        Output=["{% $states.errorOutput %}", "{% $states.input.n %}"],
                    )
                ],
            ),
            "caught": pass_(Output=["{% $states.input %}", "{% $why %}"]),
        },
        input={"n": 7},
        work={"t": [fail("E", "why")]},
        ends=succeeds([[{"Error": "E", "Cause": "why"}, 7], "why"]),
        entered="t caught",
    ),
    Case(
        name="catch: the state's own Assign does not count",
        why="Guide, Variables: a catcher brings its own Assign.",
        states={
            "a": pass_("t", Assign={"x": "old", "y": "old"}),
            "t": work("t", Assign={"x": "new"}, Catch=[catch("E", Assign={"y": "caught"})]),
            "caught": pass_(Output=["{% $x %}", "{% $y %}"]),
        },
        work={"t": [fail("E")]},
        ends=succeeds(["old", "caught"]),
        entered="a t caught",
    ),
    Case(
        name="catch: an output that cannot be evaluated",
        why="Errors: States.QueryEvaluationError may be caught, and nothing was assigned.",
        states={
            "a": pass_("t", Assign={"x": "old"}),
            "t": work(
                "t",
                Assign={"x": "new"},
                Output="{% $states.result.nothing %}",
                Catch=[catch("States.QueryEvaluationError")],
            ),
            "caught": pass_(Output="{% $x %}"),
        },
        ends=succeeds("old"),
        entered="a t caught",
        jobs={"t": 1},
    ),
    Case(
        name="catch: arguments that cannot be evaluated",
        why="Errors: States.QueryEvaluationError may be caught; the task was not begun.",
        states={
            "t": work("t", given="{% $states.input.nothing %}", Catch=[catch("States.ALL")]),
            **ENDS,
        },
        ends=succeeds("States.QueryEvaluationError"),
        entered="t caught",
        jobs={"t": 0},
    ),
    Case(
        name="catch: back to the same state",
        why="Catch: Next may be any state of the same machine.",
        states={"t": work("t", Catch=[catch("E", to="t")])},
        work={"t": [fail("E"), fail("E"), ok()]},
        ends=succeeds({"output": "t"}),
        entered="t t t",
    ),
]

RETRIES = [
    failing(
        "retry: until it succeeds",
        "Retry: the state is run again after the interval.",
        succeeds({"output": "t"}),
        "t",
        jobs=3,
        acts=[fail("E"), fail("E"), ok()],
        Retry=[retry("E", attempts=2)],
    ),
    failing(
        "retry: in vain, then caught",
        "Retry, Catch: when the retries are used up, the catchers are asked.",
        succeeds("E"),
        "t caught",
        jobs=2,
        Retry=[retry("E")],
        Catch=[catch("E")],
    ),
    failing(
        "retry: MaxAttempts 0 is never",
        "Retry: a MaxAttempts of 0 says that the error is never retried; no further retrier asked.",
        succeeds("E"),
        "t caught",
        jobs=1,
        Retry=[retry("E", attempts=0), retry("States.ALL", attempts=3)],
        Catch=[catch("States.ALL")],
    ),
    failing(
        "retry: the first that names the error",
        "Retry: retriers are tried in order; one that is used up takes the error all the same.",
        fails_with("E"),
        "t",
        jobs=2,
        Retry=[retry("F", attempts=5), retry("E"), retry("States.TaskFailed", attempts=5)],
    ),
    failing(
        "retry: each counts for itself",
        "Retry: the interpreter counts the attempts of each retrier.",
        succeeds({"output": "t"}),
        "t",
        jobs=5,
        acts=[fail("E"), fail("F"), fail("E"), fail("F"), ok()],
        Retry=[retry("E", attempts=2), retry("F", attempts=2)],
    ),
    failing(
        "retry: States.ALL",
        "Errors: States.ALL stands for any error name.",
        succeeds({"output": "t"}),
        "t",
        jobs=2,
        acts=[fail("E"), ok()],
        Retry=[retry("F"), retry("States.ALL")],
    ),
    failing(
        "retry: a timeout",
        "Errors: States.Timeout may be retried.",
        succeeds({"output": "t"}),
        "t",
        jobs=2,
        acts=[SILENT, ok()],
        TimeoutSeconds=1,
        Retry=[retry("States.Timeout")],
    ),
    failing(
        "retry: MaxDelaySeconds bounds the growth",
        "Retry: without the bound, the pauses were 1, 60 and 3,600 seconds.",
        succeeds({"output": "t"}),
        "t",
        jobs=4,
        acts=[fail("E"), fail("E"), fail("E"), ok()],
        Retry=[retry("E", attempts=3, BackoffRate=60, MaxDelaySeconds=1)],
        unfit={"ministack": "It knows no MaxDelaySeconds: it would wait for an hour."},
    ),
    failing(
        "retry: full jitter waits no longer",
        "Retry: with JitterStrategy FULL a pause is random from nothing to the interval.",
        succeeds({"output": "t"}),
        "t",
        jobs=3,
        acts=[fail("E"), fail("E"), ok()],
        Retry=[retry("E", attempts=2, JitterStrategy="FULL")],
    ),
    failing(
        "retry: three attempts unless it says otherwise",
        "Retry: MaxAttempts is 3 by default.",
        fails_with("E"),
        "t",
        jobs=4,
        Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 1, "BackoffRate": 1}],
    ),
    failing(
        "retry: an output that cannot be evaluated",
        "Errors: the task is run again on States.QueryEvaluationError too.",
        fails_with("States.QueryEvaluationError"),
        "t",
        jobs=2,
        acts=[ok(), ok()],
        Output="{% $states.result.nothing %}",
        Retry=[retry("States.QueryEvaluationError")],
    ),
    Case(
        name="retry: the context counts",
        why="Guide, Context: State.RetryCount, over all retriers; anew in every state.",
        states={
            "t": work(
                "t",
                "u",
                given="{% $states.context.State.RetryCount %}",
                Retry=[retry("E"), retry("F")],
            ),
            "u": work("u", given="{% $states.context.State.RetryCount %}"),
        },
        work={"t": [fail("E"), fail("F"), ok()]},
        ends=succeeds({"output": "u"}),
        entered="t u",
        given={"t": [0, 1, 2], "u": [0]},
    ),
    Case(
        name="retry: counts begin anew when a state is entered again",
        why="Retry: the counters are of one visit of the state.",
        states={
            "t": work("t", "c", Retry=[retry("E")], Assign={"n": "{% $states.result.n %}"}),
            "c": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n = 1 %}", "Next": "t"}],
                "Default": "e",
            },
            "e": pass_(Output="{% $n %}"),
        },
        work={"t": [fail("E"), ok({"n": 1}), fail("E"), ok({"n": 2})]},
        ends=succeeds(2),
        entered="t c t c e",
    ),
]

CASES = [*CATCHES, *RETRIES]
