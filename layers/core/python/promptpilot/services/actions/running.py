"""Having an action done: its arguments checked, its time bounded, its result JSON."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptpilot.compiler.inputs import value_problems
from promptpilot.domain.json_value import json_fault
from promptpilot.errors import DocumentInvalid, Problem
from promptpilot.services.actions.action import Action, ActionContext
from promptpilot.step_errors import ActionError, StepInvalid, StepTimedOut

REASON = "The arguments do not fit the action."
TOLD_PROBLEMS = 5
MARGIN_SECONDS = 1.0
"""How much longer than its time an action may take to say that it is over."""


async def run_action(action: Action, arguments: Mapping[str, Any], context: ActionContext) -> Any:
    """The action's result. Raises a `StepError`: `StepInvalid` for arguments that do not fit,
    `StepTimedOut`, an `ActionError`.
    """
    require_fit(arguments, action.arguments, action)
    return await _run(action, arguments, context)


def require_fit(
    arguments: Mapping[str, Any], schema: Mapping[str, Any], action: Action, reason: str = REASON
) -> None:
    """Raise `StepInvalid` for arguments of the action that do not fit the schema."""
    problems = tuple(value_problems(schema, arguments))
    if problems:
        told = " ".join(_told(problems[:TOLD_PROBLEMS], arguments, schema, action))
        raise StepInvalid(reason=f"{reason} {told}") from DocumentInvalid(problems=problems)


def _told(
    problems: Sequence[Problem],
    arguments: Mapping[str, Any],
    schema: Mapping[str, Any],
    action: Action,
) -> Iterator[str]:
    """The problems with their places; a message that repeats a value repeats it as it is shown."""
    shown = {
        (each.at, each.code): each.message
        for each in value_problems(schema, action.shown(arguments))
    }
    for each in problems:
        message = each.message
        if each.code == "input_invalid":
            message = shown.get((each.at, each.code), "Is not valid.")
        yield f"{each.at or '/'}: {message}"


async def _run(action: Action, arguments: Mapping[str, Any], context: ActionContext) -> Any:
    try:
        async with asyncio.timeout(context.seconds + MARGIN_SECONDS):
            result = await action.run(arguments, context)
    except TimeoutError as error:
        raise StepTimedOut from error
    fault = json_fault(result)
    if fault is not None:
        raise ActionError(reason=f"The action's result {fault}.")
    return result
