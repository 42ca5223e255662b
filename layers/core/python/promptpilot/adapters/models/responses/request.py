"""Our request as the body of OpenAI's Responses API."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from promptpilot.adapters.models.http.inline_files import data_url, file_name
from promptpilot.adapters.models.responses.called import Json, call_items, said_item
from promptpilot.adapters.models.responses.strict_schema import fits_strict
from promptpilot.domain.message import Attachment, CallTurn, Message, ResultTurn, Tool, Turn
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest

_SCHEMA_NAME = "output"
_SETTINGS = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_output_tokens"}
_UNKNOWN = {
    name: Settings.model_fields[name].default for name in ("stop", "seed", "reasoning_tokens")
}
"""Settings that the format does not have, as they are where they are not set."""

_NEVER_REASONS = re.compile(r"(ft:)?(gpt-3\.5|gpt-4|chatgpt-|gpt-5[0-9.]*-chat)")
"""Models that refuse a request for their encrypted reasoning (status 400), since they have none."""


def request_body(
    request: ModelRequest, model: str, attachments: Attachments, *, stream: bool = False
) -> bytes:
    """The JSON body that asks `model` (the server's own name for it). Only settings that are set
    are in it. Nothing is stored at OpenAI.

    Raises `ModelRejectedRequest` for what the format cannot say.
    """
    items = [item for turn in request.messages for item in _items(turn, request, attachments)]
    body: Json = {"model": model, "input": items, "store": False, **_settings(request.settings)}
    if request.output_schema is not None:
        body["text"] = {"format": _format(request.output_schema)}
    if request.tools:
        body |= _tools(request)
        if not _NEVER_REASONS.match(model):
            # Only calls are sent back with the reasoning that led to them.
            body["include"] = ["reasoning.encrypted_content"]
    if stream:
        body["stream"] = True
    return to_json(body)


def _settings(settings: Settings) -> Json:
    if not settings.model_fields_set:
        return {}
    for name, default in _UNKNOWN.items():
        if getattr(settings, name) != default:
            reason = f"OpenAI's Responses API does not have the setting {name}."
            raise ModelRejectedRequest(reason=reason)
    told = settings.model_dump(exclude_defaults=True, include=set(_SETTINGS))
    body: Json = {_SETTINGS[name]: value for name, value in told.items()}
    if settings.reasoning_effort is not None:
        body["reasoning"] = {"effort": settings.reasoning_effort}
    return body


def _format(schema: Mapping[str, Any]) -> Json:
    strict = fits_strict(schema)
    return {"type": "json_schema", "name": _SCHEMA_NAME, "schema": schema, "strict": strict}


def _tools(request: ModelRequest) -> Json:
    choice = {} if request.tool_choice is None else {"tool_choice": request.tool_choice}
    return {"tools": [_function(each) for each in request.tools], **choice}


def _function(tool: Tool) -> Json:
    """Without a word about `strict`, a server would take the schema for a strict one."""
    described = {"description": tool.description} if tool.description else {}
    parameters = {"type": "object", "properties": {}, **tool.parameters}
    strict = fits_strict(parameters)
    named: Json = {"type": "function", "name": tool.name, **described}
    return {**named, "parameters": parameters, "strict": strict}


def _items(turn: Turn, request: ModelRequest, attachments: Attachments) -> Iterable[Json]:
    if isinstance(turn, CallTurn):
        return call_items(turn, request.model)
    if isinstance(turn, ResultTurn):
        told = {"call_id": turn.call_id, "output": turn.content}
        return ({"type": "function_call_output", **told},)
    return (_message(turn, attachments),)


def _message(message: Message, attachments: Attachments) -> Json:
    if not message.attachments:
        if message.role == "assistant":
            return said_item(message.content)
        return {"role": message.role, "content": message.content}
    if message.role != "user":
        reason = f"OpenAI takes attachments of the user's only, not of the {message.role}'s."
        raise ModelRejectedRequest(reason=reason)
    return {"role": message.role, "content": [*_contents(message, attachments)]}


def _contents(message: Message, attachments: Attachments) -> Iterator[Json]:
    for each in message.attachments:
        yield _attached(each, attachments)
    if message.content:
        yield {"type": "input_text", "text": message.content}


def _attached(attachment: Attachment, attachments: Attachments) -> Json:
    data = data_url(attachment, attachments)
    if attachment.is_image:
        return {"type": "input_image", "detail": "auto", "image_url": data}
    return {"type": "input_file", "filename": file_name(attachment), "file_data": data}
