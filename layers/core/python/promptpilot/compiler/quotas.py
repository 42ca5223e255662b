"""Static bounds of a compiled workflow, held against Step Functions' quotas."""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.compiler.expressions import is_expression
from promptpilot.compiler.kinds import step_load
from promptpilot.compiler.load import EXECUTION, Load
from promptpilot.compiler.node import Block, Node, well_formed
from promptpilot.compiler.states import States
from promptpilot.compiler.templates import texts_of
from promptpilot.domain.base import canonical_json
from promptpilot.domain.bounds import (
    MAX_DEFINITION_BYTES,
    MAX_EXPRESSION_CHARACTERS,
    MAX_HISTORY_EVENTS,
    MAX_PAYLOAD_BYTES,
    Bounds,
)
from promptpilot.errors import Problem


def bounds_within_quotas(
    block: Block, by_step: Mapping[str, States], asl: Mapping[str, Any], problems: list[Problem]
) -> Bounds:
    """The bounds of a state machine. What is over a quota is added to `problems`, with the step
    that brings it there.
    """
    nodes = well_formed(block)
    sizes = {node.step.id: _bytes(by_step[node.step.id]) for node in nodes}
    definition_bytes = _bytes(asl)
    if definition_bytes > MAX_DEFINITION_BYTES:
        largest = max(nodes, key=lambda node: sizes[node.step.id])
        message = (
            f"The state machine has more than {MAX_DEFINITION_BYTES} bytes; this step adds most."
        )
        problems.append(Problem(largest.at, "definition_too_large", message))
    for node in nodes:
        problems += _oversized(node, by_step[node.step.id])
    total = EXECUTION
    for node in nodes:
        total = _counted(total, node, problems)
    return Bounds(
        model_calls=total.model_calls,
        transitions=total.transitions,
        history_events=total.history_events,
        definition_bytes=definition_bytes,
    )


def _counted(so_far: Load, node: Node[Any], problems: list[Problem]) -> Load:
    total = so_far + step_load(node)
    if so_far.history_events <= MAX_HISTORY_EVENTS < total.history_events:
        message = (
            f"An execution can have {MAX_HISTORY_EVENTS} history events; with this step and its "
            f"retries it can come to {total.history_events}."
        )
        problems.append(Problem(node.at, "too_many_events", message))
    return total


def _oversized(node: Node[Any], states: States) -> Iterator[Problem]:
    for state in states.values():
        if _bytes(state.get("Arguments")) > MAX_PAYLOAD_BYTES:
            message = f"What this step hands on has more than {MAX_PAYLOAD_BYTES} bytes."
            yield Problem(node.at, "payload_too_large", message)
        expressions = filter(is_expression, texts_of(state))
        if any(len(text) > MAX_EXPRESSION_CHARACTERS for text in expressions):
            message = (
                f"Compiled, an expression of this step has more than {MAX_EXPRESSION_CHARACTERS} "
                "characters. A long value that the output uses goes into an earlier step."
            )
            yield Problem(node.at, "expression_too_long", message)


def _bytes(value: Any) -> int:
    return len(canonical_json(value).encode())
