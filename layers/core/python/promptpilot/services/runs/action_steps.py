"""Running a step that has something done elsewhere."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptpilot.compiler.inputs import value_problems
from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.json_value import json_fault
from promptpilot.domain.workflow_steps import ActionStep
from promptpilot.errors import DocumentInvalid, Problem
from promptpilot.services.actions.action import Action, ActionContext
from promptpilot.services.actions.registry import ACTIONS
from promptpilot.services.egress_rules import load_rules
from promptpilot.services.steps.claimed import ClaimedStep
from promptpilot.services.steps.outcomes import answered, failed
from promptpilot.services.steps.ports import Ports
from promptpilot.step_errors import ActionError, StepError, StepInvalid, StepTimedOut

REASON = "The arguments do not fit the action."
TOLD_PROBLEMS = 5
MARGIN_SECONDS = 1.0
"""How much longer than its time an action may take to say that it is over."""


async def run_action_step(step: ClaimedStep, ports: Ports) -> ExecutionLog:
    """Check the arguments and run the action."""
    config = await ports.offload(step.config, ActionStep, table=ports.table)
    action = _action(config, ACTIONS)
    arguments = step.job.variables
    fault = json_fault(arguments)
    if fault is not None:
        return failed(step.log, StepInvalid(reason=f"The value of the arguments {fault}."))
    log = step.log.model_copy(update={"input": action.shown(arguments)})
    try:
        _check(arguments, action)
        context = ActionContext(
            workspace=step.job.workspace,
            log=log.id,
            seconds=float(config.timeout_seconds),
            egress=ports.egress,
            rules=await ports.offload(load_rules, step.job.workspace, table=ports.table),
        )
        return answered(log, await _run(action, arguments, context))
    except StepError as error:
        return failed(log, error)


def _action(config: ActionStep, actions: Mapping[str, Action]) -> Action:
    if config.connection is not None:
        raise StepInvalid(reason=f"There is no connection {config.connection!r}.")
    if config.action not in actions:
        known = ", ".join(actions)
        reason = f"There is no action {config.action!r}; there are: {known}."
        raise StepInvalid(reason=reason)
    return actions[config.action]


def _check(arguments: Mapping[str, Any], action: Action) -> None:
    problems = tuple(value_problems(action.arguments, arguments))
    if problems:
        told = " ".join(_told(problems[:TOLD_PROBLEMS], arguments, action))
        raise StepInvalid(reason=f"{REASON} {told}") from DocumentInvalid(problems=problems)


def _told(
    problems: Sequence[Problem], arguments: Mapping[str, Any], action: Action
) -> Iterator[str]:
    """The problems with their places; a message that repeats a value repeats it as it is shown."""
    shown = {
        (each.at, each.code): each.message
        for each in value_problems(action.arguments, action.shown(arguments))
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
