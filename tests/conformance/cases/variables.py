"""Variables: where they are seen, and when they change.

Source: AWS Step Functions Developer Guide, "Passing data between states with variables".
"""

from tests.conformance.acts import ok
from tests.conformance.case import Case, fails_with, succeeds
from tests.conformance.states import choice, each, parallel, work
from tests.engine.asl import pass_

INPUT = "{% $states.input %}"

CASES = [
    Case(
        name="variables: seen from the next state on",
        why="Variables are set when the state ends; its own expressions see the old values.",
        states={
            "a": pass_("b", Assign={"x": 1, "y": 10}),
            "b": pass_("c", Assign={"x": "{% $y %}", "y": "{% $x %}"}, Output="{% $x + $y %}"),
            "c": pass_(Output=["{% $states.input %}", "{% $x %}", "{% $y %}"]),
        },
        ends=succeeds([11, 10, 1]),
        entered="a b c",
    ),
    Case(
        name="variables: not seen before they are set",
        why="A variable that no state has assigned is undefined: the query gives nothing.",
        states={"a": pass_("b", Output="{% $x %}"), "b": pass_(Assign={"x": 1})},
        ends=fails_with("States.QueryEvaluationError"),
        entered="a",
    ),
    Case(
        name="variables: any JSON, also null",
        why="A variable's value is any JSON.",
        states={
            "a": pass_("b", Assign={"n": None, "l": [[]], "o": {"z": None}}),
            "b": pass_(Output=["{% $n %}", "{% $l %}", "{% $o %}", "{% $n = null %}"]),
        },
        ends=succeeds([None, [[]], {"z": None}, True]),
        entered="a b",
    ),
    Case(
        name="variables: a part is changed by assigning the whole",
        why="Assign sets whole variables.",
        states={
            "a": pass_("b", Assign={"o": {"x": 1, "y": 2}}),
            "b": pass_("c", Assign={"o": "{% $merge([$o, {'x': 9}]) %}"}),
            "c": pass_(Output="{% $o %}"),
        },
        ends=succeeds({"x": 9, "y": 2}),
        entered="a b c",
    ),
    Case(
        name="variables: the outer ones are seen in branches",
        why="An inner scope sees the variables of the scopes around it.",
        states={
            "a": pass_("p", Assign={"x": 5}),
            "p": parallel({"b": pass_(Output="{% $x %}")}, {"t": work("t", given="{% $x + 1 %}")}),
        },
        ends=succeeds([5, {"output": "t"}]),
        entered="a p | b | t",
        given={"t": [6]},
    ),
    Case(
        name="variables: the outer ones are seen in iterations, and in those within",
        why="An inner scope sees the variables of the scopes around it.",
        states={
            "a": pass_("m", Assign={"x": 5}),
            "m": each(
                [1],
                {
                    "b": pass_("n", Assign={"y": "{% $x + $states.input %}"}),
                    "n": each([10], {"c": pass_(Output="{% $x + $y + $states.input %}")}),
                },
            ),
        },
        ends=succeeds([[21]]),
        entered="a m b@0 n@0 c@0.0",
    ),
    Case(
        name="variables: those of a branch are gone after it",
        why="Variables of an inner scope are not seen outside.",
        states={
            "p": parallel(
                {"a": pass_("b", Assign={"x": 1}), "b": pass_(Output="{% $x %}")}, following="e"
            ),
            "e": pass_(Output="{% $x %}"),
        },
        ends=fails_with("States.QueryEvaluationError"),
        entered="p a b e",
    ),
    Case(
        name="variables: those of an iteration are gone after it",
        why="Variables of an inner scope are not seen outside; $exists tells.",
        states={
            "m": each([1, 2], {"a": pass_(Assign={"x": INPUT})}, "e"),
            "e": pass_(Output="{% $exists($x) %}"),
        },
        ends=succeeds(False),
        entered="m e | a@0 | a@1",
    ),
    Case(
        name="variables: branches do not see each other's",
        why="Each branch is a scope of its own, and may use the same names.",
        states={
            "p": parallel(
                {
                    "a": pass_("t", Assign={"x": "left"}),
                    "t": work("t", "b"),
                    "b": pass_(Output="{% $x %}"),
                },
                {
                    "c": pass_("u", Assign={"x": "right"}),
                    "u": work("u", "d"),
                    "d": pass_(Output="{% $x %}"),
                },
            )
        },
        work={"t": [ok(after="u")], "u": [ok(after="t")]},
        ends=succeeds(["left", "right"]),
        entered="p | a t b | c u d",
    ),
    Case(
        name="variables: iterations do not see each other's",
        why="Each iteration is a scope of its own.",
        states={
            "m": each(
                [1, 2, 3],
                {
                    "a": pass_("t", Assign={"x": INPUT, "n": 0}),
                    "t": work("t", "b"),
                    "b": pass_("c", Assign={"n": "{% $n + 1 %}"}),
                    "c": choice(("{% $n < $x %}", "b"), default="e"),
                    "e": pass_(Output="{% $n %}"),
                },
            )
        },
        work={"t": [ok(together=3)] * 3},
        ends=succeeds([1, 2, 3]),
        entered="m | a@0 t@0 b@0 c@0 e@0 | a@1 t@1 b@1 c@1 b@1 c@1 e@1"
        " | a@2 t@2 b@2 c@2 b@2 c@2 b@2 c@2 e@2",
    ),
    Case(
        name="variables: the state around a scope assigns when the scope has ended",
        why="A Parallel's own Assign is of the scope around it.",
        states={
            "a": pass_("p", Assign={"x": 1}),
            "p": parallel(
                {"b": pass_(Output="{% $x + 1 %}")},
                following="e",
                Assign={"x": "{% $states.result[0] %}"},
            ),
            "e": pass_(Output="{% $x %}"),
        },
        ends=succeeds(2),
        entered="a p b e",
    ),
    Case(
        name="variables: may have a function's name",
        why="A variable hides a function of JSONata of that name.",
        states={
            "a": pass_("b", Assign={"error": {"name": "E"}, "count": 5}),
            "b": pass_(Output=["{% $error.name %}", "{% $count + $sum([1]) %}"]),
        },
        ends=succeeds(["E", 6]),
        entered="a b",
    ),
]
