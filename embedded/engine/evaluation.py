"""Evaluating the fields of a state: on the event loop where that is cheap, else in the sandbox."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded.engine.expressions import Environment, SpentError
from embedded.engine.failures import QUERY_EVALUATION_ERROR, StateFailed
from embedded.engine.jsonata_functions import MOMENT_FUNCTIONS, Moment
from embedded.engine.sandbox import Sandbox
from embedded.engine.templates import Template, compile_template
from promptpilot.errors import Problem

LOOP_SECONDS = 0.02
LOOP_VALUES = 5_000
"""What one field may spend on the event loop before it is evaluated anew in the sandbox."""

ENTERED_TIME = "EnteredTime"
"""What tells in an expression that it reads from the context when its state was entered."""


def anything(value: Any) -> bool:
    """Fits every value."""
    return True


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a state, compiled. A value that does not fit fails the state."""

    name: str
    source: Any
    template: Template
    fits: Callable[[Any], bool]
    expected: str
    timely: bool
    """Whether its value depends on the time or on chance."""

    @classmethod
    def compile(
        cls,
        name: str,
        source: Any,
        at: str,
        problems: list[Problem],
        fits: Callable[[Any], bool] = anything,
        expected: str = "",
    ) -> "Field":
        """Compile `source`, which stands at the JSON pointer `at`."""
        template = compile_template(source, at, problems)
        asks = not template.names.isdisjoint(MOMENT_FUNCTIONS)
        timely = asks or ENTERED_TIME in json.dumps(source)
        return cls(name, source, template, fits, expected, timely)


class Evaluator:
    """Evaluates the fields of all executions of one engine."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def evaluate(self, field: Field, variables: Mapping[str, Any], moment: Moment) -> Any:
        """The field's value. Raises `StateFailed`."""
        template = field.template
        if template.cheap:
            try:
                value = template.evaluate(Environment(variables, moment, LOOP_SECONDS, LOOP_VALUES))
            except SpentError:
                value = await self._evaluate_apart(field, variables, moment)
        else:
            value = await self._evaluate_apart(field, variables, moment)
        if not field.fits(value):
            raise StateFailed(QUERY_EVALUATION_ERROR, f"{field.name} {field.expected}.")
        return value

    async def _evaluate_apart(
        self, field: Field, variables: Mapping[str, Any], moment: Moment
    ) -> Any:
        source = json.dumps(field.source)
        return await self._sandbox.evaluate(source, variables, moment.epoch_ms, moment.seed)
