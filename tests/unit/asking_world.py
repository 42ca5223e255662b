"""What tests of asking models share: answers, limits, the log of a step, a maker of calls."""

from typing import Any

from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest, Usage
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.domain.permissions import Role
from promptpilot.domain.workspace_limits import WorkspaceLimits
from promptpilot.services.asking.calls import Caller, Calls
from promptpilot.services.asking.limits_of import limits_of
from promptpilot.services.budgets.spending import Spender
from promptpilot.services.runs.step_runs import run_workflow_step
from promptpilot.services.workspace_limits import put_limits
from tests.fakes import ScriptedLimiter, ScriptedModel
from tests.unit.world import World

SCHEMA = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
USAGE = Usage(input_tokens=100, output_tokens=10)


def said(text: str, **fields: Any) -> Completion:
    return Completion(text=text, model="fake/echo", usage=USAGE, **fields)


async def answered(world: World) -> Any:
    """The log of the first step of a workflow with that world's prompt."""
    execution = world.execute({"text": "x"})
    await run_workflow_step(world.job(execution, "first"), 1, world.ports)
    [log] = world.logs(execution)
    return log


def limited(model: ScriptedModel, limiter: ScriptedLimiter, **limits: ModelLimit) -> World:
    world = World(model)
    world.ports = world.ports_with(rate_limiter=limiter)
    admin = type(world.principal)(world.principal.user, world.principal.workspace, Role.ADMIN)
    put_limits(admin, WorkspaceLimits(models=limits), table=world.ports.table)
    return world


ASKED = ModelRequest(model="fake/echo", messages=(Message(role="user", content="x"),))


def calling(world: World) -> tuple[Caller, Calls]:
    """Who makes single calls by that world's ports."""
    ports, workspace, made = world.ports, world.principal.workspace, Calls()
    caller = Caller(
        spender=Spender(workspace, "log", 1),
        limits=limits_of(workspace, table=ports.table),
        models=ports.models,
        rate_limiter=ports.rate_limiter,
        breakers=ports.breakers,
        table=ports.table,
        offload=ports.offload,
        calls=made,
    )
    return caller, made
