"""Our request as the body of Converse and of ConverseStream, which is the same."""

from typing import Any

from pydantic_core import to_json

from promptpilot.adapters.models.bedrock.documents import AttachmentBlocks
from promptpilot.adapters.models.bedrock.reasoning import reasoning_fields
from promptpilot.adapters.models.bedrock.turns import messages, system_blocks
from promptpilot.domain.message import CallTurn, ResultTurn, Tool
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.ports.models import Attachments
from promptpilot.step_errors import ModelRejectedRequest

_SCHEMA_NAME = "output"
_INFERENCE = {
    "max_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop": "stopSequences",
}
"""InferenceConfiguration of the Bedrock Runtime API Reference, by our names."""


def request_body(request: ModelRequest, model: str, attachments: Attachments) -> bytes:
    """The JSON body that asks `model` (Bedrock's name for it). Only what is set is in it.

    Raises `ModelRejectedRequest` for what Converse has no field for.
    """
    body: dict[str, Any] = {
        "messages": messages(request.messages, request.model, AttachmentBlocks(attachments))
    }
    if system := system_blocks(request.messages):
        body["system"] = system
    if inference := _inference(request.settings):
        body["inferenceConfig"] = inference
    if tools := _declared(request):
        body["toolConfig"] = _tool_config(request, tools)
    body |= reasoning_fields(model, request.settings)
    if request.output_schema is not None:
        body["outputConfig"] = {**body.get("outputConfig", {}), **_text_format(request)}
    return to_json(body)


def _inference(settings: Settings) -> dict[str, Any]:
    if settings.seed is not None:
        raise ModelRejectedRequest(reason="Amazon Bedrock's models take no seed.")
    chosen = settings.model_dump(exclude_defaults=True, include=set(_INFERENCE))
    return {_INFERENCE[name]: value for name, value in chosen.items()}


def _declared(request: ModelRequest) -> tuple[Tool, ...]:
    """The tools to tell of. Converse cannot forbid to call one, so with `none` the model learns of
    none; but it refuses turns of calls and results without their tools ("The toolConfig field must
    be defined when using toolUse and toolResult content blocks"), and then they stay.
    """
    if request.tool_choice == "none" and not any(
        isinstance(turn, CallTurn | ResultTurn) for turn in request.messages
    ):
        return ()
    return request.tools


def _tool_config(request: ModelRequest, tools: tuple[Tool, ...]) -> dict[str, Any]:
    config: dict[str, Any] = {"tools": [_tool(each) for each in tools]}
    if request.tool_choice == "required":
        config["toolChoice"] = {"any": {}}
    return config


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    specification = {"name": tool.name, **described, "inputSchema": {"json": tool.parameters}}
    return {"toolSpec": specification}


def _text_format(request: ModelRequest) -> dict[str, Any]:
    """Of OutputConfig; the schema itself goes there as a text."""
    schema = {"name": _SCHEMA_NAME, "schema": to_json(request.output_schema).decode()}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
