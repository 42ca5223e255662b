"""Going on with a model that asks for tools, until it answers."""

import asyncio
from collections.abc import Awaitable, Callable

from promptpilot.domain.message import CallTurn
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.domain.model_call import Purpose
from promptpilot.services.asking.patience import LEAST_SECONDS
from promptpilot.services.asking.toolbox import Toolbox
from promptpilot.step_errors import OutputInvalid, StepTimedOut

MOST_AT_ONCE = 64
"""More tools than these a model may not ask for in one answer: all of them are used at once."""

Ask = Callable[[ModelRequest, Purpose], Awaitable[Completion]]


async def with_tools(
    request: ModelRequest, ask: Ask, toolbox: Toolbox | None, deadline: float
) -> tuple[ModelRequest, Completion]:
    """The model's answer, and the request as it was in the end, with what the tools gave.

    After the last round the model is told to answer without tools. An answer that asks for a tool
    which is not in the box is an answer: its caller may have it. `deadline` is in the loop's time;
    after it no tool is used. Raises what `ask` raises, `OutputInvalid` where the model does nothing
    but ask for tools, or asks for too many, `StepTimedOut`.
    """
    completion = await ask(request, "answer")
    if toolbox is None:
        return request, completion
    clock = asyncio.get_running_loop().time
    for number in range(1, toolbox.max_rounds + 1):
        if not _are_in(completion, toolbox):
            return request, completion
        left = deadline - clock()
        _require_use(completion, left)
        results = await toolbox.use(completion.tool_calls, number, left)
        asked = CallTurn(
            content=completion.text, tool_calls=completion.tool_calls, opaque=completion.opaque
        )
        changes = {"messages": (*request.messages, asked, *results)}
        last = {"tool_choice": "none"} if number == toolbox.max_rounds else {"tool_choice": None}
        request = request.model_copy(update={**changes, **last})
        completion = await ask(request, "tools")
    if _are_in(completion, toolbox):
        reason = f"The model has asked for tools {toolbox.max_rounds} times and does not answer."
        raise OutputInvalid(reason=reason)
    return request, completion


def _require_use(completion: Completion, left: float) -> None:
    count = len(completion.tool_calls)
    if count > MOST_AT_ONCE:
        reason = f"The model has asked for {count} tools at once, more than {MOST_AT_ONCE}."
        raise OutputInvalid(reason=reason)
    if left < LEAST_SECONDS:
        raise StepTimedOut(reason="The time was up before the model's tools were used.")


def _are_in(completion: Completion, toolbox: Toolbox) -> bool:
    """Whether it asks for tools, and for none but those of the box."""
    names = {call.name for call in completion.tool_calls}
    return bool(names) and names.issubset(toolbox.names)
