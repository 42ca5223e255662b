"""What a step becomes in the state machine, and how it hands over to what follows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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

    An execution, branch or iteration that ends gives `output`, a value of the document, or else the
    step's result. `also` are the steps around this one whose result is this one's.
    """

    next: str | None
    has_output: bool = False
    output: Any = None
    also: tuple[str, ...] = ()

    def of(self, id: str) -> "After":
        """What follows the last step within step `id`, whose result that step's is."""
        return replace(self, also=(id, *self.also))


@dataclass(frozen=True, slots=True)
class Around:
    """What the steps around one have for it: variables that are bound where they are used, and the
    indexes of maps and loops as sources of expressions, the outermost first.
    """

    bindings: tuple[Binding, ...] = (INPUT,)
    indexes: tuple[str, ...] = ()

    def binding(self, *bindings: Binding) -> "Around":
        """The same with these, which hide others of their names."""
        names = {each.name for each in bindings}
        kept = (each for each in self.bindings if each.name not in names)
        return replace(self, bindings=(*bindings, *kept))

    def indexed(self, index: str) -> "Around":
        """The same within one more map or loop."""
        return replace(self, indexes=(*self.indexes, index))


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
        return {"Assign": assigned(id, portable(result), after), "Next": after.next}
    if not after.has_output:
        return {**({} if result == TASK_RESULT else {"Output": _output(result)}), "End": True}
    assign = {} if result == TASK_RESULT else {"Assign": {id: portable(result)}}
    source = source_of(result) if result == TASK_RESULT else as_source(result)
    names = (id, *after.also)
    if sum(mentions(after.output, name) for name in names) * len(source) > MAX_DEFINITION_BYTES:
        raise OutputTooLarge
    bindings = (*(Binding(name, source) for name in names), INPUT)
    return {**assign, "Output": _output(rendered(after.output, bindings)), "End": True}


def assigned(id: str, result: Any, after: After) -> dict[str, Any]:
    """The variables that hold a step's result: its own, and those of the steps that it ends."""
    return dict.fromkeys((id, *after.also), result)


def leave_by_rule(id: str, result: Any, after: After) -> Mapping[str, Any]:
    """The fields by which a rule of a Choice leaves with the result of step `id`.

    A Choice cannot end: where nothing follows it goes to the state that `end` gives.
    """
    return {"Assign": assigned(id, portable(result), after), "Next": after.next or f"{id}.end"}


def end(id: str, after: After) -> States:
    """The state that ends with the result of step `id`, which is assigned; none where something
    follows.
    """
    if after.next is not None:
        return {}
    output = rendered(after.output, (INPUT,)) if after.has_output else wrapped(f"${id}")
    return {f"{id}.end": {"Type": "Pass", "Output": _output(output), "End": True}}


def _output(template: Any) -> Any:
    """`asl-validator` takes an object or an expression."""
    return portable(template) if isinstance(template, Mapping) else as_expression(template)
