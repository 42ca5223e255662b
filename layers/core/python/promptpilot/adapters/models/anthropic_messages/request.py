"""Our request as the body of a message of Anthropic's."""

from typing import Any

from pydantic_core import to_json

from promptpilot.adapters.models.anthropic_messages.kept_content import Block
from promptpilot.adapters.models.anthropic_messages.output_format import instruction, output_format
from promptpilot.adapters.models.anthropic_messages.thinking import effort, max_tokens, thinking
from promptpilot.adapters.models.anthropic_messages.turns import messages, system_blocks
from promptpilot.domain.message import Tool
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest

_CHOICES = {"none": {"type": "none"}, "required": {"type": "any"}}
_SAMPLING = {"temperature", "top_p"}


def samples(settings: Settings) -> bool:
    """Whether a setting of the model's sampling is set."""
    return any(getattr(settings, name) is not None for name in _SAMPLING)


def request_body(
    request: ModelRequest, model: str, attachments: Attachments, *, stream: bool
) -> bytes:
    """The JSON body that asks `model` (Anthropic's name for it). Only what is set is in it, and
    `max_tokens`.

    Raises `ModelRejectedRequest` for what the format cannot say.
    """
    settings = request.settings
    if settings.seed is not None:
        raise ModelRejectedRequest(reason="Anthropic's models take no seed.")
    system, config = _told_schema(request)
    optional: dict[str, Any] = {
        "system": system,
        "output_config": {**effort(settings), **config},
        "thinking": thinking(model, settings),
        "stop_sequences": settings.stop,
        **(_tools(request) if request.tools else {}),
    }
    body = {
        "model": model,
        "max_tokens": max_tokens(settings),
        "messages": messages(request.messages, request.model, attachments),
        **settings.model_dump(include=_SAMPLING, exclude_none=True),
        **{name: value for name, value in optional.items() if value},
    }
    return to_json({**body, "stream": True} if stream else body)


def _told_schema(request: ModelRequest) -> tuple[list[Block], dict[str, Any]]:
    """What the system says, and the format of the answer; a schema is in one of them."""
    system = system_blocks(request.messages)
    if request.output_schema is None:
        return system, {}
    schema = output_format(request.output_schema)
    if schema is None:
        return [*system, {"type": "text", "text": instruction(request.output_schema)}], {}
    return system, {"format": {"type": "json_schema", "schema": schema}}


def _tools(request: ModelRequest) -> dict[str, Any]:
    choice = _CHOICES[request.tool_choice] if request.tool_choice else None
    return {"tools": [_tool(each) for each in request.tools], "tool_choice": choice}


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    schema = {"type": "object", **tool.parameters}  # the API wants the type to be said
    return {"name": tool.name, **described, "input_schema": schema}
