"""The tools of a prompt step: actions that the model has done while it works on its answer.

As with an action step, a worker that dies has them done again by the next one.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptpilot.domain.message import ANY_ARGUMENTS, ResultTurn, Tool, ToolCall
from promptpilot.domain.tool_use import ToolUse
from promptpilot.domain.workflow_steps import PromptStep, StepTool
from promptpilot.services.actions.action import Action, ActionContext
from promptpilot.services.actions.registry import ACTIONS
from promptpilot.services.actions.running import require_fit, run_action
from promptpilot.services.egress_rules import load_rules
from promptpilot.services.steps.claimed import ClaimedStep
from promptpilot.services.steps.ports import Ports
from promptpilot.step_errors import StepError, StepInvalid
from promptpilot.telemetry import names
from promptpilot.telemetry.spans import Attributes, span

RESULT_CHARACTERS = 50_000
"""More of a result is not told to the model."""
LOGGED_CHARACTERS = 2_000
LEAST_SECONDS = 0.1
CUT_OFF = "\n[The rest is left out.]"
UNFIT = "The arguments do not fit the tool."

CLOSED = {"unevaluatedProperties": False}
"""What the author's schema does not speak of, the model may not give: headers, or another URL."""


@dataclass(frozen=True, slots=True)
class BoundTool:
    """A tool with its action, and the arguments that the author gives."""

    tool: Tool
    action: Action
    given: Mapping[str, Any]
    declared: bool

    def require_fit(self, arguments: Mapping[str, Any]) -> None:
        """Raise `StepInvalid` for arguments that the model is not told of. What it gives in vain,
        since the author does, is left alone.
        """
        schema = self.tool.parameters
        if schema == ANY_ARGUMENTS:
            return
        told = schema.get("properties", {})
        own = {
            name: each for name, each in arguments.items() if name in told or name not in self.given
        }
        require_fit(own, {**CLOSED, **schema}, self.action, UNFIT)


@dataclass(slots=True)
class StepToolbox:
    """A `Toolbox`; `uses` are those so far, in order."""

    bound: Mapping[str, BoundTool]
    max_rounds: int
    step: ClaimedStep
    ports: Ports
    uses: list[ToolUse] = field(default_factory=list)

    @property
    def undeclared(self) -> tuple[Tool, ...]:
        """Those that the prompt does not declare."""
        return tuple(each.tool for each in self.bound.values() if not each.declared)

    @property
    def names(self) -> frozenset[str]:
        """Of the tools that it has."""
        return frozenset(self.bound)

    async def use(
        self, calls: Sequence[ToolCall], round_number: int, seconds: float
    ) -> tuple[ResultTurn, ...]:
        """The results of all calls, which are made at the same time."""
        context = ActionContext(
            workspace=self.step.job.workspace,
            log=self.step.log.id,
            seconds=max(seconds, LEAST_SECONDS),
            egress=self.ports.egress,
            rules=await self.ports.offload(
                load_rules, self.step.job.workspace, table=self.ports.table
            ),
        )
        done = await asyncio.gather(*(self._use(call, round_number, context) for call in calls))
        self.uses += [use for use, _ in done]
        return tuple(turn for _, turn in done)

    async def _use(
        self, call: ToolCall, round_number: int, context: ActionContext
    ) -> tuple[ToolUse, ResultTurn]:
        bound = self.bound[call.name]
        started = time.perf_counter()
        arguments = {**call.arguments, **bound.given}
        with span(f"{names.EXECUTE_TOOL} {call.name}", attributes=_attributes(call)) as tool_span:
            try:
                told, failed = await _result(call, bound, arguments, context), False
            except StepError as error:
                tool_span.fail(type(error).__name__)
                told, failed = f"{type(error).__name__}: {error}", True
        use = ToolUse(
            round=round_number,
            name=call.name,
            action=bound.action.name,
            arguments=bound.action.shown(arguments),
            result=told[:LOGGED_CHARACTERS],
            failed=failed,
            latency_ms=(time.perf_counter() - started) * 1000,
        )
        return use, ResultTurn(call_id=call.id, name=call.name, content=told, failed=failed)


def toolbox_of(
    step: ClaimedStep, config: PromptStep, declared: Sequence[Tool], ports: Ports
) -> StepToolbox:
    """The tools of the step; those that the prompt declares too are as it describes them. Raises
    `StepInvalid` for an action that there is not.
    """
    by_name = {tool.name: tool for tool in declared}
    bound = {
        each.name: BoundTool(
            _tool(each, by_name.get(each.name)),
            _action(each),
            step.job.tools.get(each.name, {}),
            declared=each.name in by_name,
        )
        for each in config.tools
    }
    return StepToolbox(bound, config.max_rounds, step, ports)


def _action(tool: StepTool) -> Action:
    if tool.action not in ACTIONS:
        raise StepInvalid(reason=f"There is no action {tool.action!r}.")
    return ACTIONS[tool.action]


def _tool(tool: StepTool, declared: Tool | None) -> Tool:
    """What the model is told of it."""
    if declared is not None:
        return declared
    parameters = tool.parameters
    if parameters is None:
        parameters = _without(_action(tool).arguments, frozenset(tool.variables))
    return Tool(name=tool.name, description=tool.description or "", parameters=parameters)


def _without(schema: Mapping[str, Any], given: frozenset[str]) -> Mapping[str, Any]:
    """The schema of the arguments that are left to the model.

    What relates several of them (`not`, `anyOf`) is left out: it is checked before the action runs.
    """
    properties = {
        name: each for name, each in schema.get("properties", {}).items() if name not in given
    }
    required = [name for name in schema.get("required", ()) if name not in given]
    return {
        **ANY_ARGUMENTS,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _attributes(call: ToolCall) -> Attributes:
    return {
        names.OPERATION: names.EXECUTE_TOOL,
        names.TOOL_NAME: call.name,
        names.TOOL_CALL_ID: call.id,
        names.TOOL_TYPE: "function",
    }


async def _result(
    call: ToolCall, bound: BoundTool, arguments: Mapping[str, Any], context: ActionContext
) -> str:
    if call.malformed is not None:
        raise StepInvalid(reason="The arguments are not a JSON object.")
    bound.require_fit(call.arguments)
    result = await run_action(bound.action, arguments, context)
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return text if len(text) <= RESULT_CHARACTERS else text[:RESULT_CHARACTERS] + CUT_OFF
