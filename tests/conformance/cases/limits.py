"""Step Functions' quotas ("Guide, Service quotas"), which the embedded engine keeps too."""

from typing import Any

from tests.conformance.case import Case, Runner, fails_with, succeeds
from tests.conformance.states import catch, choice, each, parallel, work
from tests.engine.asl import pass_

HUNDRED_KB = {"x": "x" * 100_000}
HALF = {"a": "{% $states.input.x %}", "b": "{% $states.input.x %}"}
"""200 kB of the 256 that are allowed."""
TOO_MUCH = {**HALF, "c": "{% $states.input.x %}"}
LIMIT = fails_with("States.DataLimitExceeded")
CAUGHT = pass_(Output="caught")
NO_QUOTAS: dict[Runner, str] = {
    "moto": "It keeps no such quota.",
    "ministack": "It keeps no such quota.",
}
TERMINAL = "Guide, Errors: States.DataLimitExceeded is not caught by States.ALL."
TASK_TERMINAL = "Guide, Errors: nor by States.TaskFailed."


def limit(name: str, why: str, ends: Any, entered: str, states: Any, **fields: Any) -> Case:
    return Case(
        name=f"limit: {name}",
        why=why,
        states=states,
        input=HUNDRED_KB,
        ends=ends,
        entered=entered,
        unfit=NO_QUOTAS,
        **fields,
    )


CASES = [
    limit(
        "a state's output",
        "256 KiB of JSON as UTF-8.",
        LIMIT,
        "a",
        {"a": pass_("b", Output=TOO_MUCH), "b": pass_()},
    ),
    limit(
        "a state's output, just within",
        "256 KiB of JSON as UTF-8.",
        succeeds(1),
        "a b",
        {"a": pass_("b", Output=HALF), "b": pass_(Output=1)},
    ),
    limit(
        "bytes count, not characters",
        "256 KiB of JSON as UTF-8: an ü has two bytes.",
        LIMIT,
        "a",
        {"a": pass_(Output=["{% $replace($states.input.x, 'x', 'ü', 70000) %}"] * 2)},
    ),
    limit(
        "one variable",
        "256 KiB for a variable.",
        LIMIT,
        "a",
        {"a": pass_("b", Assign={"v": TOO_MUCH}), "b": pass_()},
    ),
    limit(
        "several variables",
        "256 KiB is for each variable, 10 MiB for all.",
        succeeds(1),
        "a b",
        {"a": pass_("b", Assign={"v": HALF, "w": HALF}, Output=0), "b": pass_(Output=1)},
    ),
    limit(
        "a task's arguments",
        "256 KiB; the task is not begun.",
        LIMIT,
        "t",
        {"t": work("t", given=TOO_MUCH)},
        jobs={"t": 0},
    ),
    limit(
        "a map's results together",
        "256 KiB of output.",
        LIMIT,
        "a m | x@0 | x@1 | x@2",
        {
            "a": pass_("m", Assign={"big": "{% $states.input.x %}"}),
            "m": each([1, 2, 3], {"x": pass_(Output="{% $big %}")}),
        },
    ),
    limit(
        "a parallel's results together",
        "256 KiB of output.",
        LIMIT,
        "p | a | b",
        {"p": parallel({"a": pass_(Output=HALF)}, {"b": pass_(Output=HALF)})},
    ),
    limit(
        "caught by its name",
        "Guide, Errors: by its own name.",
        succeeds("caught"),
        "t caught",
        {
            "t": work("t", Output=TOO_MUCH, Catch=[catch("States.DataLimitExceeded")]),
            "caught": CAUGHT,
        },
    ),
    limit(
        "not caught by States.ALL",
        TERMINAL,
        LIMIT,
        "t",
        {"t": work("t", Output=TOO_MUCH, Catch=[catch("States.ALL")]), "caught": CAUGHT},
    ),
    limit(
        "not caught by States.TaskFailed",
        TASK_TERMINAL,
        LIMIT,
        "t",
        {"t": work("t", Output=TOO_MUCH, Catch=[catch("States.TaskFailed")]), "caught": CAUGHT},
    ),
    Case(
        name="limit: the events of a history",
        why="25,000 events; then the execution fails with States.Runtime, which nothing catches.",
        states={
            "p": parallel(
                {"a": pass_("b"), "b": choice(("{% true %}", "a"))}, Catch=[catch("States.ALL")]
            ),
            "caught": CAUGHT,
        },
        ends=fails_with("States.Runtime"),
        entered="p | " + "a b " * 6_249 + "a",
        unfit=NO_QUOTAS,
    ),
]
