"""Our request as the body of OpenAI's Chat Completions."""

from typing import Any

from pydantic_core import to_json

from promptpilot.domain.model import ModelRequest
from promptpilot.ports.models import Attachments

_SCHEMA_NAME = "output"
_SETTINGS = {"temperature", "top_p", "max_tokens", "stop", "seed", "reasoning_effort"}
"""What the format has, by the name that we have for it, too."""


def request_body(
    request: ModelRequest, model: str, attachments: Attachments, *, stream: bool = False
) -> bytes:
    """The JSON body that asks `model` (the server's own name for it). Only settings that are set
    are in it.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": each.role, "content": each.content} for each in request.messages],
    }
    if request.settings.model_fields_set:
        body |= request.settings.model_dump(exclude_defaults=True, include=_SETTINGS)
    if request.output_schema is not None:
        schema = {"name": _SCHEMA_NAME, "schema": request.output_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return to_json(body)
