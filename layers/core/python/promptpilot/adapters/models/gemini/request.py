"""Our request as the body of Gemini's `generateContent`."""

from typing import Any

from pydantic_core import to_json

from promptpilot.adapters.models.gemini.called import Json
from promptpilot.adapters.models.gemini.contents import contents, system_parts
from promptpilot.domain.message import Tool
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.ports.models import Attachments

_SETTINGS = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "seed": "seed",
}
_MODES = {"none": "NONE", "required": "ANY"}


def request_body(request: ModelRequest, model: str, attachments: Attachments) -> bytes:
    """The JSON body that asks `model`, Google's own name for it. Only settings that are set are in
    it. Raises `ModelRejectedRequest` for what Gemini cannot be told.
    """
    system = system_parts(request.messages)
    body: Json = {"contents": contents(request.messages, attachments, model)}
    if system:
        body["systemInstruction"] = {"parts": system}
    config = _generation_config(request)
    if config:
        body["generationConfig"] = config
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(each) for each in request.tools]}]
        if request.tool_choice is not None:
            mode = _MODES[request.tool_choice]
            body["toolConfig"] = {"functionCallingConfig": {"mode": mode}}
    return to_json(body)


def _generation_config(request: ModelRequest) -> Json:
    config: Json = {}
    if request.settings.model_fields_set:
        told = request.settings.model_dump(exclude_defaults=True, include=set(_SETTINGS))
        config = {_SETTINGS[name]: value for name, value in told.items()}
        thinking = _thinking(request.settings)
        if thinking:
            config["thinkingConfig"] = thinking
    if request.output_schema is not None:
        # Unlike `responseSchema`, which is a subset of OpenAPI's, this one is JSON Schema.
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = request.output_schema
    return config


def _thinking(settings: Settings) -> dict[str, Any]:
    """Gemini 3 takes a level, 2.5 a budget in tokens, of which 0 is not to think at all."""
    config: dict[str, Any] = {}
    if settings.reasoning_effort == "none":
        config["thinkingBudget"] = 0
    elif settings.reasoning_effort is not None:
        config["thinkingLevel"] = settings.reasoning_effort.upper()
    if settings.reasoning_tokens is not None:
        config["thinkingBudget"] = settings.reasoning_tokens
    return config


def _declaration(tool: Tool) -> Json:
    told: Json = {"name": tool.name}
    if tool.description:
        told["description"] = tool.description
    return told | {"parametersJsonSchema": tool.parameters}
