"""Asking one model for one answer: again where it asks for patience, once more where its answer
does not fit.
"""

import asyncio

from promptpilot.domain.base import canonical_json
from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.domain.model_call import Purpose
from promptpilot.ports.models import Attachments
from promptpilot.services.asking.answer import Answer, checked_answer
from promptpilot.services.asking.calls import Caller
from promptpilot.services.asking.hearing import Hear
from promptpilot.services.asking.outputs import checked_output
from promptpilot.services.asking.patience import LEAST_SECONDS, Patience
from promptpilot.services.asking.question import Question
from promptpilot.services.asking.tool_rounds import with_tools
from promptpilot.step_errors import ModelError, OutputInvalid

LENGTH = "length"
"""How a completion finishes whose model had no more tokens."""

REPAIR = "{problem} Answer again, with nothing but JSON that fits this schema: {schema}"


async def ask_model(
    request: ModelRequest,
    question: Question,
    caller: Caller,
    attachments: Attachments,
    hear: Hear | None = None,
) -> Answer:
    """One checked answer to the question's request, as it is for this model, within its
    `timeout` seconds. Raises a `ModelError`, `OutputInvalid`, `StepTimedOut`.

    An answer that does not fit the output schema is shown to the model once, with what is wrong
    about it; one that was cut off is not, since it would be again.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + request.timeout

    async def ask(asked: ModelRequest, purpose: Purpose) -> Completion:
        if purpose != "answer":
            left = max(deadline - clock(), LEAST_SECONDS)
            asked = asked.model_copy(update={"timeout": left})
        return await _patiently(asked, purpose, question.patience, caller, attachments, hear)

    request, completion = await with_tools(request, ask, question.toolbox, deadline)
    try:
        return checked_answer(completion, request.output_schema)
    except OutputInvalid as error:
        if completion.finish_reason == LENGTH or deadline - clock() < LEAST_SECONDS:
            raise
        completion = await ask(_repairing(request, completion, error), "repair")
    return Answer(checked_output(completion.text, request.output_schema), completion)


def _repairing(request: ModelRequest, completion: Completion, error: OutputInvalid) -> ModelRequest:
    """The same request, gone on with what the model said and what is wrong about it."""
    told = REPAIR.format(problem=error.reason, schema=canonical_json(request.output_schema))
    said = Message(role="assistant", content=completion.text or "(nothing)")
    turns = (*request.messages, said, Message(role="user", content=told))
    # It has asked for what it needed before.
    choice = {"tool_choice": "none"} if request.tools else {}
    return request.model_copy(update={"messages": turns, **choice})


async def _patiently(
    request: ModelRequest,
    purpose: Purpose,
    patience: Patience,
    caller: Caller,
    attachments: Attachments,
    hear: Hear | None,
) -> Completion:
    """Ask as often as `patience` allows, as long as there is time for it."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + request.timeout
    attempt = 1
    while True:
        try:
            return await caller.call(
                request, purpose=purpose, on_text=hear and hear(), attachments=attachments
            )
        except ModelError as error:
            wait = patience.wait(error, attempt)
            if wait is None or wait + LEAST_SECONDS > deadline - clock():
                raise
        await asyncio.sleep(wait)
        attempt += 1
        request = request.model_copy(update={"timeout": deadline - clock()})
