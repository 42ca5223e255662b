"""Expressions: what they may say, what they give, and that none can run away."""

import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.engine.direct_paths import compile_reader
from embedded.engine.direct_values import DECLINED
from embedded.engine.expressions import Environment, Expression
from embedded.engine.failures import StateFailed
from embedded.engine.jsonata_functions import Moment
from tests.engine.asl import output_of
from tests.engine.conftest import MakeEngine, Run
from tests.engine.statuses import Statuses


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$hash('abc', 'MD5')", "900150983cd24fb0d6963f7d28e17f72"),
        ("$hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("$random(7) = $random(7)", True),
        ("$random() < 1", True),
        ("$random() = $random()", False),
        ("$length($uuid())", 36),
        ("$uuid() = $uuid()", False),
        ("$millis() > 1600000000000", True),
        ("$substring($now(), 10, 1)", "T"),
        ("$now('[Y0001]') >= '2024'", True),
        ("""$parse('{"a": [1, null]}')""", {"a": [1, None]}),
        ("$map([1, 2], function($n) { $n * 2 })", [2, 4]),
        ("$join(['a', 'b'], '-')", "a-b"),
        ("$replace('aXbX', /X/, '.')", "a.b."),
        ("$sum([1..100])", 5050),
        ("[1, 2, 3][$ > 1]", [2, 3]),
        ("[{'a': 1}, {'a': 2}].a", [1, 2]),
        ("{'x': [$v, {'y': $v}]}", {"x": ["v", {"y": "v"}]}),
        ("null", None),
        ("1 + 0.5", 1.5),
        ("3 / 1", 3),
        ("$v = 'v' ? 'yes' : 'no'", "yes"),
        ("$count($v) = 1 and $v in ['v', 'w']", True),
        ("[]", []),
        ("'\u00fc' & $v", "\u00fcv"),
    ],
)
def test_an_expression_gives(run: Run, statuses: Statuses, expression: str, value: Any) -> None:
    name = run(output_of({"it": f"{{% {expression} %}}"}, v="v"))
    assert statuses.output_of(name) == {"it": value}


@pytest.mark.parametrize(
    "expression",
    [
        "$nothing",
        "$v.x",
        "$states.result",
        "$states.errorOutput",
        "$states.context.Task.Token",
        "$",
        "$$",
        "x",
        "function($x) { $x }",
        "$sum('a')",
        "1 / 0",
        "1 + 'a'",
        "$v()",
        "$nofunction(1)",
        "$partition([1], 0)",
        "$range(1, 2, 0)",
        "$range(1, 5000, 1)",
        "$hash('a', 'CRC')",
        "$parse('{')",
        "$parse('NaN')",
        "$error('mine')",
        "$number('1e999')",
        """$parse('"\\\\ud800"')""",
    ],
)
def test_an_expression_fails_its_state(run: Run, statuses: Statuses, expression: str) -> None:
    name = run(output_of(f"{{% {expression} %}}", v="v"))
    assert statuses.error_of(name)[0] == "States.QueryEvaluationError"


NAMES = "abcdefghijklmnopqrst"
DOUBLINGS = " ".join(
    f"${after} := {{'x': ${before}, 'y': ${before}}};" for before, after in pairwise(NAMES)
)
"""Little in memory, since the parts are shared; endless as JSON."""


@pytest.mark.parametrize(
    "expression",
    [
        "( $f := function($n) { $f($n + 1) }; $f(1) )",
        "( $f := function($n) { 1 + $f($n + 1) }; $f(1) )",
        "( $f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('xxxxxxxx', 60) )",
        "$match($v, /(a+)+$/)",
        "$pad('', 1000000000)",
        "[1..5000].{'v': $v}",
        f"( $a := [$v, $v]; {DOUBLINGS} $t )",
    ],
)
def test_a_runaway_expression_fails_its_state_alone(
    make_engine: MakeEngine, statuses: Statuses, expression: str
) -> None:
    engine = make_engine(evaluation_seconds=0.3, running_delay=60)
    engine.start_up()
    engine.start(output_of(f"{{% {expression} %}}", v="a" * 400 + "b"), "runaway", {})
    engine.start(output_of("{% $v %}", v=1), "other", {})
    assert statuses.output_of("other") == 1
    assert statuses.error_of("runaway")[0] in {
        "States.QueryEvaluationError",
        "States.DataLimitExceeded",
    }
    assert statuses.details[0]["name"] == "other"


def test_a_long_evaluation_leaves_the_loop_free(run: Run, statuses: Statuses) -> None:
    items = [{"n": n, "s": "x" * 10} for n in range(5_000)]
    name = run(output_of("{% $count($v[n > 10 and s = 'x' & 'xxxxxxxxx']) %}", v=items))
    assert statuses.output_of(name) == 4_989


def test_many_threads_of_expressions_share_the_sandbox(run: Run, statuses: Statuses) -> None:
    before = threading.active_count()
    names = [run(output_of(f"{{% $map([1..{n}], function($x) {{ $x }}) %}}")) for n in range(2, 12)]
    assert [len(statuses.output_of(name)) for name in names] == list(range(2, 12))
    assert threading.active_count() < before + 10


keys = st.sampled_from(["a", "b", "c"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | st.floats(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
paths = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3)


def evaluate(expression: Expression, **variables: Any) -> Any:
    environment = Environment(variables, Moment(0, "seed"), seconds=5.0, values=10_000)
    try:
        return expression.evaluate(environment)
    except StateFailed as failure:
        return failure.error


@given(value=values, first=paths, second=paths)
@settings(max_examples=150, deadline=None)
def test_the_direct_way_gives_what_jsonata_gives(
    value: Any, first: list[str], second: list[str]
) -> None:
    path = ".".join(["$x", *first])
    for source in (path, f"( $y := {path}; {'.'.join(['$y', *second])} )"):
        expression = Expression(source)
        read = compile_reader(expression._interpreter.ast)
        assert read is not None
        direct = read({"x": value})
        if direct is not DECLINED:
            shortcut = evaluate(expression, x=value)
            expression._read = None
            assert evaluate(expression, x=value) == shortcut
            assert type(evaluate(expression, x=value)) is type(shortcut)


def test_the_direct_way_declines_what_goes_through_lists() -> None:
    expression = Expression("$x.a")
    assert evaluate(expression, x=[{"a": 1}, {"a": 2}]) == [1, 2]
