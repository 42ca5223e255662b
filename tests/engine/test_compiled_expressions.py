"""What the compiler itself writes into state machines needs no process of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from embedded.engine.expressions import Expression
from promptpilot.compiler.expressions import is_expression, source_of
from promptpilot.compiler.templates import texts_of
from tests.unit.test_compiler_blocks import branch, each, loop, parallel
from tests.unit.workflow_samples import prompt_step, states, transform, workflow


def expressions(*steps: Any) -> Iterator[Expression]:
    """All expressions of the states of a workflow of these steps."""
    for text in filter(is_expression, texts_of(states(workflow(*steps, transform("z", 1))))):
        yield Expression(source_of(text))


@pytest.mark.parametrize(
    "step",
    [
        branch("b", "{% $input.x > 1 %}", transform("a", 1)),
        parallel("p", left=[transform("a", "{% $input.x %}")], right=[prompt_step("c")]),
        each("m", "{% $input.list %}", prompt_step("a", with_={"x": "{% $item %}"})),
        loop("l", transform("a", "{% $l.index %}"), until="{% $a = 3 %}"),
        loop("l", transform("a", "{% $l.index %}"), **{"while": "{% $l.index < 3 %}"}),
        prompt_step("s", select="{% $output.label %}"),
        prompt_step("e", on_error={"value": "{% $error.name %}"}),
        {"id": "ask", "kind": "approval", "message": "Go on?", "on_timeout": "reject"},
    ],
    ids=lambda step: f"{step['kind']} {step['id']}",
)
def test_an_expression_of_ours_is_evaluated_in_place(step: Any) -> None:
    found = list(expressions(step))
    assert found
    assert [each.source for each in found if not each.cheap] == []
