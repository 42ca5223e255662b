"""Parallel: branches side by side."""

from tests.conformance.acts import LATE, fail, ok
from tests.conformance.case import Case, Runner, fails_with, succeeds
from tests.conformance.states import catch, parallel, retry, wait, work
from tests.engine.asl import pass_

WAITS_FOR_OTHERS: dict[Runner, str] = {
    "ministack": "It waits for the other branches to end, which would not."
}
CAUGHT = pass_(Output="{% $states.input.Error %}")

CASES = [
    Case(
        name="parallel: results in the order of the branches",
        why="Parallel State: an array with the output of each branch, in their order.",
        states={"p": parallel({"a": work("a")}, {"b": work("b", "c"), "c": work("c")})},
        work={"a": [ok(after="c")]},
        ends=succeeds([{"output": "a"}, {"output": "c"}]),
        entered="p | a | b c",
    ),
    Case(
        name="parallel: every branch gets the input",
        why="Parallel State: each branch gets a copy of the state's input.",
        states={
            "a": pass_("p", Output={"n": 5}),
            "p": parallel({"x": pass_()}, {"y": pass_(Output="{% $states.input.n + 1 %}")}),
        },
        ends=succeeds([{"n": 5}, 6]),
        entered="a p | x | y",
    ),
    Case(
        name="parallel: Arguments are the branches' input",
        why="JSONata states: Arguments of a Parallel.",
        states={
            "p": parallel(
                {"x": pass_()},
                {"y": pass_(Output="{% $states.input.m %}")},
                Arguments={"m": "{% $states.input.n * 2 %}"},
            )
        },
        input={"n": 2},
        ends=succeeds([{"m": 4}, 4]),
        entered="p | x | y",
    ),
    Case(
        name="parallel: one branch",
        why="Parallel State: the result is an array of one.",
        states={"p": parallel({"x": pass_(Output=1)}, following="e"), "e": pass_()},
        ends=succeeds([1]),
        entered="p x e",
    ),
    Case(
        name="parallel: branches run at the same time",
        why="Parallel State: branches run concurrently: each of these waits for the other's job.",
        states={"p": parallel({"a": work("a")}, {"b": work("b")})},
        work={"a": [ok(after="b")], "b": [ok(after="a")]},
        ends=succeeds([{"output": "a"}, {"output": "b"}]),
        entered="p | a | b",
    ),
    Case(
        name="parallel: Assign and Output of the result",
        why="Guide, Variables: a Parallel's Assign sees $states.result, all branches together.",
        states={
            "p": parallel(
                {"a": work("a")},
                {"b": work("b")},
                following="e",
                Assign={"both": "{% $states.result.output %}"},
                Output="{% $count($states.result) %}",
            ),
            "e": pass_(Output=["{% $both %}", "{% $states.input %}"]),
        },
        ends=succeeds([["a", "b"], 2]),
        entered="p e | a | b",
    ),
    Case(
        name="parallel: a failing branch ends the others",
        unfit=WAITS_FOR_OTHERS,
        why="Parallel State: if a branch fails, the state fails and the others are stopped.",
        states={
            "p": parallel(
                {"bad": work("bad")},
                {"slow": work("slow", "never"), "never": work("never")},
            )
        },
        work={"bad": [fail("E", "on purpose", after="slow")], "slow": [LATE]},
        ends=fails_with("E"),
        entered="p | bad | slow",
        jobs={"never": 0},
        lost=["slow"],
    ),
    Case(
        name="parallel: a failing branch ends one that waits",
        unfit=WAITS_FOR_OTHERS,
        why="Parallel State: if a branch fails, the others are stopped, whatever they do.",
        states={
            "p": parallel(
                {"bad": work("bad", Catch=[])},
                {"w": wait("never", Seconds=30), "never": pass_()},
                Catch=[catch("States.ALL")],
            ),
            "caught": CAUGHT,
        },
        work={"bad": [fail("E", seconds=0.2)]},
        ends=succeeds("E"),
        entered="p caught | bad | w",
    ),
    Case(
        name="parallel: caught by its state, siblings ended",
        unfit=WAITS_FOR_OTHERS,
        why="Catch of a Parallel: the error of the branch that failed.",
        states={
            "p": parallel(
                {"bad": work("bad")},
                {"slow": work("slow")},
                Catch=[catch("F", to="slower"), catch("E")],
            ),
            "caught": work("last", Output="{% $states.input.Error %}"),
            "slower": pass_(),
        },
        work={
            "bad": [fail("E", after="slow")],
            "slow": [ok(after="last")],
            "last": [ok(seconds=0.3)],
        },
        ends=succeeds("E"),
        entered="p caught | bad | slow",
        lost=["slow"],
    ),
    Case(
        name="parallel: caught within a branch is no failure",
        why="Catch: the branch goes on, and its siblings do not notice.",
        states={
            "p": parallel(
                {"bad": work("bad", Catch=[catch("E")]), "caught": pass_(Output="saved")},
                {"b": work("b")},
            )
        },
        work={"bad": [fail("E")]},
        ends=succeeds(["saved", {"output": "b"}]),
        entered="p | bad caught | b",
    ),
    Case(
        name="parallel: tried again as a whole",
        why="Retry of a Parallel: all branches run anew, those that had ended too.",
        states={
            "p": parallel({"a": work("a")}, {"bad": work("bad")}, Retry=[retry("E", attempts=2)])
        },
        work={"bad": [fail("E", after="a"), ok()]},
        ends=succeeds([{"output": "a"}, {"output": "bad"}]),
        entered="p | a a | bad bad",
        jobs={"a": 2, "bad": 2},
    ),
    Case(
        name="parallel: a Fail in a branch",
        unfit=WAITS_FOR_OTHERS,
        why="Fail State: within a branch it fails the Parallel, with its error and cause.",
        states={
            "p": parallel(
                {
                    "a": work("a", "f"),
                    "f": {"Type": "Fail", "Error": "Mine", "Cause": "{% 'so' %}"},
                },
                {"w": wait(Seconds=20)},
                Catch=[catch("Mine")],
            ),
            "caught": CAUGHT,
        },
        ends=succeeds("Mine"),
        work={"a": [ok(seconds=0.3)]},
        entered="p caught | a f | w",
    ),
    Case(
        name="parallel: a Succeed in a branch ends the branch",
        why="Succeed State: in a branch it ends that branch only.",
        states={
            "p": parallel(
                {"s": {"Type": "Succeed", "Output": "early"}}, {"b": work("b")}, following="e"
            ),
            "e": pass_(),
        },
        ends=succeeds(["early", {"output": "b"}]),
        entered="p e | s | b",
    ),
    Case(
        name="parallel: within a parallel",
        why="Parallel State: a branch may hold any state.",
        states={
            "p": parallel(
                {"q": parallel({"a": work("a")}, {"b": work("b")})}, {"c": pass_(Output="c")}
            )
        },
        work={"a": [ok(after="b")]},
        ends=succeeds([[{"output": "a"}, {"output": "b"}], "c"]),
        entered="p | q | a | b | c",
    ),
    Case(
        name="parallel: an inner failure goes outwards to who catches it",
        unfit=WAITS_FOR_OTHERS,
        why="Errors: an error that no state within catches is the Parallel's own.",
        states={
            "p": parallel(
                {"q": parallel({"bad": work("bad")}, {"b": work("b")})},
                {"c": work("c")},
                Catch=[catch("E")],
            ),
            "caught": CAUGHT,
        },
        work={"bad": [fail("E", after="c")], "b": [LATE], "c": [LATE]},
        ends=succeeds("E"),
        entered="p caught | q | bad | b | c",
        lost=["b", "c"],
    ),
    Case(
        name="parallel: a result that cannot be evaluated",
        why="Errors: States.QueryEvaluationError of the state itself may be caught by it.",
        states={
            "p": parallel(
                {"a": pass_()},
                Output="{% $states.result[0].nothing %}",
                Catch=[catch("States.QueryEvaluationError")],
            ),
            "caught": pass_(Output="caught"),
        },
        ends=succeeds("caught"),
        entered="p a caught",
    ),
]
