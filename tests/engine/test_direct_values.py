"""What is computed without JSONata is what JSONata computes, or left to it."""

import itertools
from typing import Any

import pytest

from embedded.engine.cheap_expressions import is_cheap
from embedded.engine.direct_paths import compile_reader
from embedded.engine.direct_values import DECLINED, UNDEFINED
from embedded.engine.expressions import Environment, Expression
from embedded.engine.failures import StateFailed
from embedded.engine.jsonata_functions import Moment

VALUES: list[Any] = [
    *(0, 1, -3, 2.5, 1e300, 2**53, "", "a", "b", True, False, None, [], [1], [1, 2], [[1], [2]]),
    *([None], {}, {"a": 1}, {"items": [1, 2, 3]}, {"items": []}, {"items": 5}, {"items": None}),
    *({"index": 2}, {"index": 2.5}, [{"items": [1]}, {"items": [2]}]),
]
ANSWERED = [
    "$string($x)",
    "$count([$x])",
    "$count($x)",
    "$exists($x)",
    "[$x.items]",
    "{'a': $x, 'b': {'c': $y}}",
    "$x > $y",
    "$x <= $y",
    "$x = $y",
    "$x != $y",
    "$x + $y",
    "$x - $y",
    "$x * $y",
    "$x ? 1 : 2",
    "$x > 1 ? 'big'",
    "$exists($x.items) ? $x.items : 'no'",
    "$count([$x.items]) > 2 ? $error('too many') : [$x.items]",
    "( $l := {'index': $x.index + 1, 'last': $y}; $l.index < 4 )",
    "( $l := {'index': $x.index + 1, 'last': $y}; $l )",
]
DOUBLED = "; ".join(["$b := {'a': $b, 'c': $b}"] * 5)


class Jsonata(Expression):
    """The expression as the interpreter alone evaluates it."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._read = None


def evaluated(expression: Expression, variables: dict[str, Any]) -> Any:
    try:
        return expression.evaluate(Environment(variables, Moment(0, ""), 30.0, 10_000))
    except StateFailed as failure:
        return failure.cause


@pytest.mark.parametrize("source", ANSWERED)
def test_a_value_is_the_one_that_jsonata_gives(source: str) -> None:
    direct, jsonata = Expression(source), Jsonata(source)
    reader = compile_reader(direct._interpreter.ast)
    assert reader is not None
    pairs = [{"x": one, "y": other} for one, other in itertools.product(VALUES, VALUES)]
    answers = [(reader(given), given) for given in [*pairs, {}]]
    assert any(answer is not DECLINED and answer is not UNDEFINED for answer, _ in answers)
    for answer, given in answers:
        if answer is not DECLINED:
            assert repr(evaluated(direct, given)) == repr(evaluated(jsonata, given)), given


@pytest.mark.parametrize(
    "source", [f"( $b := $x; {DOUBLED}; $b )", f"( $b := $x; {DOUBLED}; $sum($b.a) )"]
)
def test_what_could_grow_with_every_binding_is_not_computed_on_the_loop(source: str) -> None:
    ast = Expression(source)._interpreter.ast
    assert compile_reader(ast) is None
    assert not is_cheap(source, ast)
