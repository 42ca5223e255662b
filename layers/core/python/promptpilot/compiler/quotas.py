"""Static bounds of a compiled workflow, held against Step Functions' quotas."""

from collections.abc import Iterator, Mapping
from typing import Any

from promptpilot.compiler.expressions import is_expression
from promptpilot.compiler.load import EXECUTION, Estimate
from promptpilot.compiler.node import Block, Node, well_formed, with_inner
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

_HOLDERS = ("Branches", "ItemProcessor")
"""Where a state holds others."""


def bounds_within_quotas(
    block: Block,
    by_step: Mapping[str, States],
    asl: Mapping[str, Any],
    estimate: Estimate,
    problems: list[Problem],
) -> Bounds:
    """The bounds of a state machine. What is over a quota is added to `problems`, with the step
    that brings it there.
    """
    nodes = [node for node in with_inner(block) if isinstance(node, Node)]
    own = {node.id: _own_states(node, by_step[node.id]) for node in nodes}
    definition_bytes = _bytes(asl)
    if definition_bytes > MAX_DEFINITION_BYTES:
        largest = max(nodes, key=lambda node: _bytes(own[node.id]))
        message = (
            f"The state machine has more than {MAX_DEFINITION_BYTES} bytes; this step adds most."
        )
        problems.append(Problem(largest.at, "definition_too_large", message))
    for node in nodes:
        problems += _oversized(node, own[node.id])
    total = EXECUTION + estimate.block(block)
    if total.history_events > MAX_HISTORY_EVENTS:
        problems.append(_too_many_events(block, estimate))
    return Bounds(
        model_calls=total.model_calls,
        transitions=total.transitions,
        history_events=total.history_events,
        definition_bytes=definition_bytes,
    )


def _own_states(node: Node[Any], states: States) -> States:
    """What a step became, without the states of the steps that it holds."""
    return {
        name: {field: value for field, value in state.items() if field not in _HOLDERS}
        for name, state in states.items()
        if name == node.id or name.startswith(f"{node.id}.")
    }


def _too_many_events(block: Block, estimate: Estimate) -> Problem:
    """The problem at the step that passes the quota: by itself if one does, the innermost such."""
    total = EXECUTION
    for node in well_formed(block):
        alone = EXECUTION + estimate.step(node)
        total += estimate.step(node)
        if total.history_events > MAX_HISTORY_EVENTS:
            inner = (each for each in node.blocks.values() if each)
            too_many = (each for each in inner if _over(each, estimate))
            deeper = next(too_many, None)
            if alone.history_events > MAX_HISTORY_EVENTS and deeper is not None:
                return _too_many_events(deeper, estimate)
            break
    message = (
        f"An execution can have {MAX_HISTORY_EVENTS} history events; with this step, its retries "
        f"and what runs in it, it can come to {total.history_events}. Fewer `max_items`, "
        "`max_iterations` or `attempts` bring it down."
    )
    return Problem(node.at, "too_many_events", message)


def _over(block: Block, estimate: Estimate) -> bool:
    return (EXECUTION + estimate.block(block)).history_events > MAX_HISTORY_EVENTS


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
