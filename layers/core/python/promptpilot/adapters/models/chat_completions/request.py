"""Our request as the body of OpenAI's Chat Completions."""

from typing import Any

from pydantic_core import to_json

from promptpilot.adapters.models.chat_completions.messages import messages
from promptpilot.domain.message import Tool
from promptpilot.domain.model import ModelRequest
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest

_SCHEMA_NAME = "output"
_SETTINGS = {"temperature", "top_p", "max_tokens", "stop", "seed", "reasoning_effort"}
"""What the format has, by the name that we have for it, too."""


def request_body(
    request: ModelRequest, model: str, attachments: Attachments, *, stream: bool = False
) -> bytes:
    """The JSON body that asks `model` (the server's own name for it). Only settings that are set
    are in it. Raises `ModelRejectedRequest` for what the format cannot say.
    """
    body: dict[str, Any] = {"model": model, "messages": messages(request, attachments)}
    if request.settings.model_fields_set:
        if request.settings.reasoning_tokens is not None:
            reason = "OpenAI's Chat Completions do not have the setting reasoning_tokens."
            raise ModelRejectedRequest(reason=reason)
        body |= request.settings.model_dump(exclude_defaults=True, include=_SETTINGS)
    if request.output_schema is not None:
        schema = {"name": _SCHEMA_NAME, "schema": request.output_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [_function(each) for each in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = request.tool_choice
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return to_json(body)


def _function(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    parameters = {"type": "object", "properties": {}, **tool.parameters}
    return {
        "type": "function",
        "function": {"name": tool.name, **described, "parameters": parameters},
    }
