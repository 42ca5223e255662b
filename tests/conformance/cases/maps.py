"""Map: the same states for every item."""

from tests.conformance.acts import LATE, fail, ok
from tests.conformance.case import Case, fails_with, succeeds
from tests.conformance.cases.parallels import WAITS_FOR_OTHERS
from tests.conformance.states import NOTHING, catch, choice, each, parallel, retry, work
from tests.engine.asl import pass_

ITEM = "{% $states.context.Map.Item.Value %}"
INDEX = "{% $states.context.Map.Item.Index %}"
INPUT = "{% $states.input %}"

CASES = [
    Case(
        name="map: results in the order of the items",
        why="Map State: an array of the iterations' outputs, in the order of the items.",
        states={
            "m": each("{% $states.input.l %}", {"t": work("t", given=INPUT, Output=INPUT)}, "e"),
            "e": pass_(),
        },
        input={"l": ["a", "b", "c"]},
        work={"t": [ok(seconds=0.4), ok(seconds=0.2), ok()]},
        ends=succeeds(["a", "b", "c"]),
        entered="m e | t@0 | t@1 | t@2",
        given={"t": ["a", "b", "c"]},
    ),
    Case(
        name="map: without Items it goes through its input",
        why="Map State: Items defaults to the state's input.",
        states={
            "a": pass_("m", Output=[1, 2]),
            "m": each(NOTHING, {"x": pass_(Output="{% $states.input * 10 %}")}),
        },
        ends=succeeds([10, 20]),
        entered="a m | x@0 | x@1",
    ),
    Case(
        name="map: items as they are",
        why="Map State: Items may be an array, with expressions in it.",
        states={"m": each([1, "{% $states.input.n %}", [3]], {"x": pass_()})},
        input={"n": {"two": 2}},
        ends=succeeds([1, {"two": 2}, [3]]),
        entered="m | x@0 | x@1 | x@2",
    ),
    Case(
        name="map: no items",
        why="Map State: with an empty array the result is one, and nothing runs.",
        states={"m": each([], {"x": work("x")}, "e"), "e": pass_()},
        ends=succeeds([]),
        entered="m e",
        jobs={"x": 0},
    ),
    Case(
        name="map: items that are no list",
        why="Guide, Map: Items has to be an array, else the query failed.",
        states={"m": each("{% 'text' %}", {"x": pass_()})},
        ends=fails_with("States.QueryEvaluationError"),
        entered="m",
    ),
    Case(
        name="map: items that are an object",
        why="Guide, Map: JSONata's Items of an inline Map is an array (or gives one).",
        states={
            "m": each(
                "{% {'a': 1} %}", {"x": pass_()}, Catch=[catch("States.QueryEvaluationError")]
            ),
            "caught": pass_(Output="caught"),
        },
        ends=succeeds("caught"),
        entered="m caught",
    ),
    Case(
        name="map: a single item stays a list where the expression says so",
        why="JSONata: an array constructor keeps a sequence of one an array.",
        states={
            "m": each(
                "{% [$states.input.l[n > 1]] %}", {"x": pass_(Output="{% $states.input.n %}")}
            )
        },
        input={"l": [{"n": 1}, {"n": 2}]},
        ends=succeeds([2]),
        entered="m x@0",
    ),
    Case(
        name="map: nulls and lists are items like any other",
        why="Map State: each element of the array, whatever it is.",
        states={"m": each([None, [], [[1]], 0, ""], {"x": pass_()})},
        ends=succeeds([None, [], [[1]], 0, ""]),
        entered="m | x@0 | x@1 | x@2 | x@3 | x@4",
    ),
    Case(
        name="map: the selector makes each iteration's input",
        why="ItemSelector: evaluated for every item, with $states.context.Map.Item.",
        states={
            "m": each(
                "{% $states.input.l %}",
                {"x": pass_()},
                ItemSelector={"v": ITEM, "i": INDEX, "all": "{% $states.input.n %}"},
            )
        },
        input={"l": ["a", "b"], "n": 7},
        ends=succeeds([{"v": "a", "i": 0, "all": 7}, {"v": "b", "i": 1, "all": 7}]),
        entered="m | x@0 | x@1",
    ),
    Case(
        name="map: the context tells the states of an iteration about the item",
        why="Guide, Context: Map.Item.Index and Map.Item.Value.",
        states={"m": each(["a", "b"], {"x": pass_("y"), "y": pass_(Output=[INDEX, ITEM])})},
        ends=succeeds([[0, "a"], [1, "b"]]),
        entered="m | x@0 y@0 | x@1 y@1",
    ),
    Case(
        name="map: an inner map's item hides the outer one's",
        why="Guide, Context: Map.Item is that of the nearest Map.",
        states={
            "m": each(
                [["a", "b"], ["c"]],
                {
                    "o": pass_("n", Assign={"outer": INDEX}),
                    "n": each(INPUT, {"x": pass_(Output=["{% $outer %}", INDEX, ITEM])}, "z"),
                    "z": pass_(Output={"inner": INPUT, "index": INDEX}),
                },
            )
        },
        ends=succeeds(
            [
                {"inner": [[0, 0, "a"], [0, 1, "b"]], "index": 0},
                {"inner": [[1, 0, "c"]], "index": 1},
            ]
        ),
        entered="m | o@0 n@0 z@0 | o@1 n@1 z@1 | x@0.0 | x@0.1 | x@1.0",
    ),
    Case(
        name="map: never more at once than MaxConcurrency",
        why="MaxConcurrency: an upper bound on how many iterations run in parallel.",
        states={"m": each([0, 1, 2, 3, 4, 5], {"t": work("t", Output=INPUT)}, MaxConcurrency=2)},
        work={"t": [ok(seconds=0.1)] * 6},
        ends=succeeds([0, 1, 2, 3, 4, 5]),
        entered="m | t@0 | t@1 | t@2 | t@3 | t@4 | t@5",
        most={"t": 2},
    ),
    Case(
        name="map: one after another",
        why="MaxConcurrency: with 1 the items are gone through in their order.",
        states={
            "m": each(
                ["a", "b", "c"],
                {"t": work("t", "u", given=INPUT), "u": work("u")},
                MaxConcurrency="{% 1 %}",
                Output="{% $count($states.result) %}",
            )
        },
        work={"t": [ok(seconds=0.05)] * 3, "u": [ok(seconds=0.05)] * 3},
        ends=succeeds(3),
        entered="m t@0 u@0 t@1 u@1 t@2 u@2",
        most={"t": 1, "u": 1},
    ),
    Case(
        name="map: all at once",
        why="MaxConcurrency: 0, the default, is no limit. Each of these waits for all the others.",
        states={"m": each([0, 1, 2, 3, 4, 5, 6, 7], {"t": work("t", Output=1)})},
        work={"t": [ok(together=8)] * 8},
        ends=succeeds([1] * 8),
        entered=" | ".join(["m", *(f"t@{n}" for n in range(8))]),
        most={"t": 8},
    ),
    Case(
        name="map: a failing iteration ends the others",
        unfit=WAITS_FOR_OTHERS,
        why="Map State: if an iteration fails, the state fails and the others are stopped.",
        states={
            "m": each(
                ["ok", "bad", "slow"],
                {
                    "c": choice(
                        ("{% $states.input = 'bad' %}", "bad"),
                        ("{% $states.input = 'slow' %}", "slow"),
                        default="fine",
                    ),
                    "bad": work("bad"),
                    "slow": work("slow", "never"),
                    "never": pass_(),
                    "fine": pass_(),
                },
            )
        },
        work={"bad": [fail("E", after="slow")], "slow": [LATE]},
        ends=fails_with("E"),
        entered="m | c@0 fine@0 | c@1 bad@1 | c@2 slow@2",
        lost=["slow"],
    ),
    Case(
        name="map: after a failure no iteration begins",
        why="Map State: the state has failed.",
        states={
            "m": each(
                [0, 1, 2, 3],
                {"t": work("t", given=INPUT)},
                MaxConcurrency=1,
                Catch=[catch("States.ALL")],
            ),
            "caught": pass_(Output="{% $states.input.Error %}"),
        },
        work={"t": [ok(), fail("E")]},
        ends=succeeds("E"),
        entered="m caught | t@0 | t@1",
        given={"t": [0, 1]},
    ),
    Case(
        name="map: tried again as a whole",
        why="Retry of a Map: all iterations run anew.",
        states={
            "m": each(
                ["a", "b"],
                {"t": work("t", given=INPUT, Output=INPUT)},
                MaxConcurrency=1,
                Retry=[retry("E")],
            )
        },
        work={"t": [ok(), fail("E"), ok(), ok()]},
        ends=succeeds(["a", "b"]),
        entered="m | t@0 t@1 t@0 t@1",
        given={"t": ["a", "b", "a", "b"]},
    ),
    Case(
        name="map: an iteration tries its own task again",
        why="Retry: counted for each iteration.",
        states={
            "m": each(
                ["a", "b"],
                {"t": work("t", given=INPUT, Output=INPUT, Retry=[retry("E")])},
                MaxConcurrency=1,
            )
        },
        work={"t": [fail("E"), ok(), fail("E"), ok()]},
        ends=succeeds(["a", "b"]),
        entered="m | t@0 | t@1",
        given={"t": ["a", "a", "b", "b"]},
    ),
    Case(
        name="map: caught within an iteration is no failure",
        why="Catch: the iteration goes on.",
        states={
            "m": each(
                ["a", "b"],
                {
                    "t": work("t", Catch=[catch("E")], Output="fine"),
                    "caught": pass_(Output="saved"),
                },
                MaxConcurrency=1,
            )
        },
        work={"t": [fail("E")]},
        ends=succeeds(["saved", "fine"]),
        entered="m | t@0 caught@0 | t@1",
    ),
    Case(
        name="map: Assign and Output of the result",
        why="Guide, Variables: a Map's Assign sees $states.result.",
        states={
            "m": each(
                [1, 2],
                {"x": pass_()},
                "e",
                Assign={"sum": "{% $sum($states.result) %}"},
                Output="{% $states.input.n %}",
            ),
            "e": pass_(Output=["{% $sum %}", "{% $states.input %}"]),
        },
        input={"n": 9},
        ends=succeeds([3, 9]),
        entered="m e | x@0 | x@1",
    ),
    Case(
        name="map: a parallel in every iteration",
        why="Map State: an iteration may hold any state.",
        states={
            "m": each([1, 2], {"p": parallel({"x": pass_()}, {"y": pass_(Output=INDEX)})}),
        },
        ends=succeeds([[1, 0], [2, 1]]),
        entered="m | p@0 | p@1 | x@0 | x@1 | y@0 | y@1",
    ),
    Case(
        name="map: in the branches of a parallel",
        why="Parallel State: a branch may hold any state.",
        states={
            "p": parallel(
                {"m": each([1, 2], {"t": work("t", Output=INPUT)})},
                {"n": each([3], {"u": work("u", Output=INPUT)})},
            )
        },
        work={"u": [ok(after="t")]},
        ends=succeeds([[1, 2], [3]]),
        entered="p | m | n | t@0 | t@1 | u@0",
    ),
]
