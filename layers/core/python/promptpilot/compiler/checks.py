"""Checking the steps of a document: what each kind asks for, and what they share."""

from collections.abc import Callable, Mapping
from typing import Any

from promptpilot.compiler.expressions import (
    FUNCTIONS,
    ExpressionInvalid,
    is_expression,
    parse,
    source_of,
)
from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.free_names import Reference
from promptpilot.compiler.node import Block, Broken, Node
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.templates import looks_unfinished, texts_in
from promptpilot.domain.prompt import PromptVersion
from promptpilot.errors import Problem

MAX_PROBLEMS = 100
MAX_EXPRESSIONS = 2_000
MAX_CHARACTERS_IN_ALL = 60_000

RESERVED_IDS = FUNCTIONS | {"input", "states", "error", "eval"}
"""A step's id is a variable, which would hide these."""

CheckStep = Callable[[Node[Any], Scope, "Checks"], Scope]


class Checks:
    """Gathers the problems of one document. `holders` has the ids of all steps, each with that of
    the outermost step that it is within; `prompts` the versions that prompt steps mean by step id.
    A step without one has its problem told already.
    """

    def __init__(
        self,
        holders: Mapping[str, str | None],
        prompts: Mapping[str, PromptVersion],
        check_step: CheckStep,
    ) -> None:
        self.problems: list[Problem] = []
        self.prompts = prompts
        self.holders = holders
        self._check_step = check_step
        self._expressions = 0
        self._characters = 0

    def problem(self, at: str, code: str, message: str) -> None:
        """Note a problem. After `MAX_PROBLEMS` there is enough to do."""
        if not self.enough:
            self.problems.append(Problem(at, code, message))

    @property
    def enough(self) -> bool:
        """Whether no more problems are noted."""
        return len(self.problems) >= MAX_PROBLEMS

    def block(self, block: Block, scope: Scope) -> Scope:
        """Check steps that run one after another; the scope after the last of them."""
        told = not scope.reachable
        for node in block:
            if not (scope.reachable or told):
                told = True
                self.problem(node.at, "unreachable", "Never runs: a step before it always fails.")
            if isinstance(node, Broken):
                scope = self._within(node, scope)
            else:
                self._id(node)
                scope = self._check_step(node, scope, self)
        return scope

    def _within(self, broken: Broken, scope: Scope) -> Scope:
        """Check the steps within a broken one, as far as one can: any may have run."""
        for inner in broken.blocks.values():
            self.block(inner, scope.with_names(*self.holders))
        return scope.with_names(*([broken.id] if broken.id else []))

    def _id(self, node: Node[Any]) -> None:
        if node.step.id in RESERVED_IDS:
            message = f"`{node.step.id}` is reserved: `${node.step.id}` has a meaning already."
            self.problem(pointer(node.at, "id"), "id_reserved", message)

    def value(self, value: Any, at: str, scope: Scope) -> None:
        """Check the expressions in a value."""
        for place, text in texts_in(value, at):
            if is_expression(text):
                self.expression(text, place, scope)
            elif looks_unfinished(text):
                self.problem(
                    place,
                    "expression_unfinished",
                    "Is neither text nor an expression: an expression begins with `{%` and ends "
                    "with `%}`, with nothing outside. In a YAML block use `|-` or `>-`.",
                )

    def expression(self, text: str, at: str, scope: Scope) -> None:
        """Check a text that must be an expression."""
        if not is_expression(text):
            self.problem(at, "not_an_expression", "Must be an expression, wrapped in `{% %}`.")
            return
        self._expressions += 1
        self._characters += len(text)
        if self._expressions > MAX_EXPRESSIONS or self._characters > MAX_CHARACTERS_IN_ALL:
            message = (
                f"A workflow has at most {MAX_EXPRESSIONS} expressions, of "
                f"{MAX_CHARACTERS_IN_ALL} characters in all."
            )
            self.problem("", "too_many_expressions", message)
            return
        try:
            expression = parse(source_of(text))
        except ExpressionInvalid as error:
            self.problem(at, "expression_invalid", f"The expression {error}.")
            return
        for reference in expression.references:
            self._reference(reference, at, scope)
        for stray in expression.strays:
            self.problem(
                at,
                "name_without_context",
                f"`{stray.name}` at character {stray.position} has nothing to be looked up in: "
                "begin with a variable, as in `$input.notes`; text stands in quotes.",
            )

    def _not_run(self, name: str, at: str, scope: Scope) -> None:
        message = f"`${name}` is used here, but step `{name}` has not certainly run before."
        holder = self.holders[name]
        if holder is not None and holder in scope.names:
            message += f" It is within `{holder}`: use `${holder}`."
        self.problem(at, "step_not_run", message)

    def _reference(self, reference: Reference, at: str, scope: Scope) -> None:
        name = reference.name
        if name in scope.names or self.enough:
            return
        if name == "states":
            if reference.field != "context":
                message = "Of `$states` only `$states.context` can be used; see `$input` and steps."
                self.problem(at, "variable_unknown", message)
        elif name in self.holders:
            self._not_run(name, at, scope)
        elif name == "error" and reference.field is not None:
            self.problem(at, "variable_unknown", "`$error` is there in `on_error` only.")
        elif name == "eval":
            message = "`$eval` does not exist in Step Functions; `$parse` reads JSON."
            self.problem(at, "function_unknown", message)
        elif name not in FUNCTIONS:
            known = {*scope.names, *self.holders, *FUNCTIONS}
            hint = suggestion(f"${name}", [f"${each}" for each in sorted(known)])
            message = f"There is no variable or function `${name[:80]}`.{hint}"
            self.problem(at, "variable_unknown", message)
