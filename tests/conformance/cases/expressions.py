"""JSONata, as Step Functions has it.

Sources: docs.jsonata.org, and the Guide, "Transforming data with JSONata".
"""

from typing import Any

from tests.conformance.case import Case, End, Runner, fails_with, succeeds
from tests.conformance.states import work
from tests.engine.asl import pass_

SAME_LIBRARY: dict[Runner, str] = {
    "moto": "It is given the same library to evaluate expressions: it would prove nothing.",
}
GIVES_NOTHING = fails_with("States.QueryEvaluationError")
INPUT = {
    "l": [1, 2, 3],
    "one": [7],
    "nested": [[1], [2, 3]],
    "objects": [{"a": 1, "b": "x"}, {"a": 2}],
    "none": None,
    "empty": [],
    "t": "text",
    "json": '{"a": [1, null]}',
}


def gives(source: str, value: Any, why: str) -> Case:
    """A machine that only gives the value of an expression on `$i`, the input."""
    ends = value if isinstance(value, End) else succeeds(value)
    return Case(
        name=f"expression: {source}",
        why=why,
        states={
            "a": pass_("b", Assign={"i": "{% $states.input %}"}),
            "b": pass_(Output=f"{{% {source} %}}"),
        },
        input=INPUT,
        ends=ends,
        entered="a b",
        unfit=SAME_LIBRARY,
    )


SEQUENCES = "JSONata, Sequences: a sequence of one is the value itself, an empty one is nothing."
FUNCTIONS = "Guide, JSONata functions provided by Step Functions."
NUMBERS = "JSON has one kind of number; a whole one is written without a point."
NOTHING = "Guide: a query that gives nothing fails with States.QueryEvaluationError."

PLAIN = [
    gives("$i.l", [1, 2, 3], "A list stays a list."),
    gives("$i.one", [7], "A list of one that is a value of the input stays a list."),
    gives("$i.l[$ > 2]", 3, SEQUENCES),
    gives("[$i.l[$ > 2]]", [3], "JSONata: an array constructor."),
    gives("$i.l[$ > 2][]", [3], "JSONata: [] keeps a sequence of one an array."),
    gives("$i.l[$ > 9]", GIVES_NOTHING, SEQUENCES),
    gives("[$i.l[$ > 9]]", [], "JSONata: an array constructor."),
    gives("$i.objects.a", [1, 2], "JSONata: a path maps over a list."),
    gives("$i.objects.b", "x", SEQUENCES),
    gives("$i.nested", [[1], [2, 3]], "A list of lists stays as it is."),
    gives("$i.l[0]", 1, "JSONata: an index."),
    gives("$i.l[-1]", 3, "JSONata: an index from the end."),
    gives("$i.none", None, "A null is a value."),
    gives("$i.missing", GIVES_NOTHING, NOTHING),
    gives("$exists($i.missing)", False, "JSONata: $exists tells null from nothing."),
    gives("$exists($i.none)", True, "JSONata: $exists tells null from nothing."),
    gives("$i.none = null", True, "JSONata: null equals null."),
    gives("$count($i.empty)", 0, "JSONata: $count."),
    gives("$count($i.missing)", 0, "JSONata: $count of nothing."),
    gives("{'a': $i.missing, 'b': 1}", {"b": 1}, "JSONata: a member without a value is left out."),
    gives("[$i.missing, 1]", [1], "JSONata: nothing is no element."),
    gives("$i.t & $i.missing & 1", "text1", "JSONata: & takes nothing for an empty text."),
    gives("$string($i.objects[1])", '{"a":2}', "JSONata: $string writes JSON."),
    gives("$i.l ~> $sum()", 6, "JSONata: chaining."),
    gives("$map($i.l, function($v) { $v * 2 })", [2, 4, 6], "JSONata: $map."),
    gives("$filter($i.l, function($v) { $v > 2 })", 3, SEQUENCES),
    gives("$reduce($i.l, function($a, $b) { $a + $b })", 6, "JSONata: $reduce."),
    gives("$merge([$i.objects[0], {'c': 3}])", {"a": 1, "b": "x", "c": 3}, "JSONata: $merge."),
    gives("$lookup($i, 't')", "text", "JSONata: $lookup."),
    gives("$type($i.none)", "null", "JSONata: $type."),
    gives("$i.t ? 'yes' : 'no'", "yes", "JSONata: a text that is not empty counts as true."),
    gives("$i.missing ? 'yes' : 'no'", "no", "JSONata: nothing counts as false."),
    gives("( $x := 2; $x * $x )", 4, "JSONata: a block."),
    gives("$uppercase($i.t)", "TEXT", "JSONata: $uppercase."),
    gives("$split('a,b', ',')", ["a", "b"], "JSONata: $split."),
    gives("$contains($i.t, 'ex')", True, "JSONata: $contains."),
    gives("$substring('🙂ab', 0, 2)", "🙂a", "JSONata 1.8: texts count code points."),
    gives("$i.t > 5", GIVES_NOTHING, "JSONata T2009: a text is not compared with a number."),
    gives("$i.t + 1", GIVES_NOTHING, "JSONata T2001: a text is no number."),
    gives("$error('stop')", fails_with("States.QueryEvaluationError", "stop"), "JSONata: $error."),
    gives("$states.input.t", "text", "Guide: $states.input."),
]

ARITHMETIC = [
    gives("1 / 2", 0.5, NUMBERS),
    gives("4 / 2", 2, NUMBERS),
    gives("0.1 + 0.2", 0.30000000000000004, "JSON numbers are IEEE 754 doubles."),
    gives("7 % 3", 1, NUMBERS),
    gives("$round(2.5)", 2, "JSONata: $round goes to the even neighbour."),
    gives("$power(2, 10)", 1024, NUMBERS),
    gives("$sqrt(16)", 4, NUMBERS),
    gives("$number('12')", 12, NUMBERS),
    gives("$string(5 / 1)", "5", NUMBERS),
    gives("$average($i.l)", 2, NUMBERS),
    gives("1 / 0", GIVES_NOTHING, "JSONata D1001: no number of JSON."),
    gives("[1..4]", [1, 2, 3, 4], "JSONata: a range."),
]

ADDED = [
    gives("$partition([1..5], 2)", [[1, 2], [3, 4], [5]], FUNCTIONS),
    gives("$range(0, 6, 2)", [0, 2, 4, 6], FUNCTIONS),
    gives("$range(3, 1, -1)", [3, 2, 1], FUNCTIONS),
    gives(
        "$hash('a', 'SHA-256')",
        f"{0xCA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB:x}",
        FUNCTIONS,
    ),
    gives("$hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661", FUNCTIONS),
    gives("$parse($i.json)", {"a": [1, None]}, FUNCTIONS),
    gives("$parse('[1]')", [1], FUNCTIONS),
    gives("$parse('nothing')", GIVES_NOTHING, FUNCTIONS),
    gives("$random(7) = $random(7)", True, "Guide: $random takes a seed."),
    gives("$random() >= 0 and $random() < 1", True, FUNCTIONS),
    gives("$length($uuid())", 36, FUNCTIONS),
]

IN_PLACE = [
    Case(
        name="expression: the context of an execution",
        why="Guide, Context object: Execution, State, StateMachine.",
        states={
            "a": pass_(
                Output={
                    "name": "{% $states.context.State.Name %}",
                    "input": "{% $states.context.Execution.Input %}",
                    "retries": "{% $states.context.State.RetryCount %}",
                    "id": "{% $contains($states.context.Execution.Id, ':execution:') %}",
                    "machine": "{% $contains($states.context.StateMachine.Id, 'stateMachine') %}",
                    "started": "{% $toMillis($states.context.Execution.StartTime) > 0 %}",
                    "entered": "{% $toMillis($states.context.State.EnteredTime) > 0 %}",
                }
            )
        },
        input={"n": 1},
        ends=succeeds(
            {
                "name": "a",
                "input": {"n": 1},
                "retries": 0,
                "id": True,
                "machine": True,
                "started": True,
                "entered": True,
            }
        ),
        entered="a",
    ),
    Case(
        name="expression: no error where nothing failed",
        why="Guide: $states.errorOutput is there in Catch only.",
        states={"t": work("t", Output="{% $exists($states.errorOutput) %}")},
        ends=succeeds(False),
        entered="t",
    ),
    Case(
        name="expression: within an object, a member that gives nothing",
        why=NOTHING,
        states={"a": pass_(Output={"fine": 1, "bad": "{% $states.input.missing %}"})},
        ends=GIVES_NOTHING,
        entered="a",
    ),
    Case(
        name="expression: what it gives is no expression",
        why="A value is not evaluated again.",
        states={"a": pass_(Output="{% $states.input.t %}")},
        input={"t": "{% 1 + 1 %}"},
        ends=succeeds("{% 1 + 1 %}"),
        entered="a",
    ),
    Case(
        name="expression: a function is no value",
        why="Guide: a query has to give JSON.",
        states={"a": pass_(Output="{% $sum %}")},
        ends=GIVES_NOTHING,
        entered="a",
    ),
    Case(
        name="expression: the same moment all over a state",
        why="JSONata: $now() is the same within one evaluation.",
        states={"a": pass_(Output="{% $now() = $now() and $millis() = $toMillis($now()) %}")},
        ends=succeeds(True),
        entered="a",
    ),
]

CASES = [*PLAIN, *ARITHMETIC, *ADDED, *IN_PLACE]
