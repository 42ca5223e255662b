"""What a step becomes in the state machine, and how it hands over to what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptpilot.compiler.expressions import source_of, wrapped
from promptpilot.compiler.nesting import as_expression, as_source, portable
from promptpilot.compiler.templates import INPUT, Binding, mentions, rendered
from promptpilot.domain.bounds import MAX_DEFINITION_BYTES

States = dict[str, dict[str, Any]]
"""States by name. The first one is where the step begins, and has the step's id for a name."""

TASK_RESULT = wrapped("$states.result")


@dataclass(frozen=True, slots=True)
class After:
    """What follows a step: the state of that name or, where there is none, the end.

    An execution that ends answers `output`, a value of the document, or else the step's result.
    """

    next: str | None
    has_output: bool = False
    output: Any = None


class OutputTooLarge(ValueError):
    """The output mentions a long result of the last step so often that no definition would hold
    it.
    """


def leave(id: str, result: Any, after: After) -> Mapping[str, Any]:
    """The fields by which a state leaves with the result of step `id`, given as a rendered value.

    A variable is not visible in the `Output` of the state that assigns it; so at the end the
    output's expressions bind it themselves. It is assigned all the same where it has to be
    evaluated: a result that cannot be fails the step, whether or not the output makes use of it.

    Raises `OutputTooLarge`.
    """
    if after.next is not None:
        return {"Assign": {id: portable(result)}, "Next": after.next}
    if not after.has_output:
        return {**({} if result == TASK_RESULT else {"Output": _output(result)}), "End": True}
    assign = {} if result == TASK_RESULT else {"Assign": {id: portable(result)}}
    source = source_of(result) if result == TASK_RESULT else as_source(result)
    if mentions(after.output, id) * len(source) > MAX_DEFINITION_BYTES:
        raise OutputTooLarge
    bindings = (Binding(id, source), INPUT)
    return {**assign, "Output": _output(rendered(after.output, bindings)), "End": True}


def _output(template: Any) -> Any:
    """`asl-validator` takes an object or an expression."""
    return portable(template) if isinstance(template, Mapping) else as_expression(template)
