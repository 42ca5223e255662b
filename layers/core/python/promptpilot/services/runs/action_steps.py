"""Running a step that has something done elsewhere."""

from collections.abc import Mapping

from promptpilot.domain.execution import ExecutionLog
from promptpilot.domain.json_value import json_fault
from promptpilot.domain.workflow_steps import ActionStep
from promptpilot.services.actions.action import Action, ActionContext
from promptpilot.services.actions.registry import ACTIONS
from promptpilot.services.actions.running import run_action
from promptpilot.services.egress_rules import load_rules
from promptpilot.services.steps.claimed import ClaimedStep
from promptpilot.services.steps.outcomes import answered, failed
from promptpilot.services.steps.ports import Ports
from promptpilot.step_errors import StepError, StepInvalid


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
        context = ActionContext(
            workspace=step.job.workspace,
            log=log.id,
            seconds=float(config.timeout_seconds),
            egress=ports.egress,
            rules=await ports.offload(load_rules, step.job.workspace, table=ports.table),
        )
        return answered(log, await run_action(action, arguments, context))
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
