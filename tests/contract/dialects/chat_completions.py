"""OpenAI's Chat Completions, from the server's side (its API reference)."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.model import Usage
from tests.contract.dialects import openai_failures
from tests.contract.dialects.dialect import ALL_SETTINGS, Asked, Failure, Said, Traits
from tests.scripted_openai import Received, events

_SETTINGS = ("temperature", "top_p", "max_tokens", "seed", "reasoning_effort")
_BODY = {
    *("model", "messages", "stream", "stream_options", "stop", "response_format"),
    *("tools", "tool_choice", *_SETTINGS),
}
_DATA_URL = re.compile(r"data:([a-z]+/[a-z]+);base64,(.*)")
_DOCUMENT = re.compile(r'<document name="([^"]*)">\n(.*)\n</document>\n', re.DOTALL)
_MESSAGE = {
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls", "reasoning_content"},
    "tool": {"role", "content", "tool_call_id"},
}


class ChatCompletionsDialect:
    """`Dialect` of a server of somebody's that reasons as DeepSeek's does."""

    model = "custom/fake/org/model"
    key = "canary-custom-3e77"
    traits = Traits(
        settings=ALL_SETTINGS - {"reasoning_tokens"},
        usage=Usage(
            input_tokens=20,
            cached_tokens=4,
            cache_write_tokens=6,
            output_tokens=7,
            reasoning_tokens=2,
        ),
        kept="A river.",
        written=(True, True),
    )
    stream_type = "text/event-stream"

    def client(self, base_url: str) -> HttpModelClient:
        return openai_compatible(f"{base_url}/v1", SecretStr(self.key), prefix="custom/fake/")

    def whole(self, said: Said) -> bytes:
        refused = {"refusal": "I would rather not."} if said.refused else {}
        message = {"role": "assistant", "content": _content(said), **_reasoning(said), **refused}
        if said.tool_calls:
            message["tool_calls"] = [_call(said, place) for place in range(len(said.tool_calls))]
        choice = {"index": 0, "message": message, "finish_reason": said.finish, "logprobs": None}
        told = {"choices": [choice], **({"usage": _usage(said.usage)} if said.usage else {})}
        return json.dumps(_head(said, "chat.completion") | told).encode()

    def streamed(self, said: Said, pieces: tuple[str, ...]) -> list[bytes]:
        deltas = [
            {"role": "assistant", "content": ""},
            *([_reasoning(said)] if said.reasoning else []),
            *({"content": each} for each in pieces if each),
            *([{"refusal": "I would"}, {"refusal": " rather not."}] if said.refused else []),
            *_call_deltas(said),
        ]
        chunks = [_chunk(said, [_choice(each)]) for each in deltas]
        last = [_chunk(said, [_choice({}, said.finish)])]
        if said.usage:
            last.append(_chunk(said, []) | {"usage": _usage(said.usage)})
        return [*map(events, chunks), events(*last, "[DONE]")]

    def failure(self, failure: Failure) -> tuple[int, bytes]:
        return openai_failures.failure(failure)

    def stream_failure(self, failure: Failure) -> bytes:
        return events({"error": openai_failures.error(failure)})

    def asked(self, received: Received) -> Asked:
        assert received.target == "/v1/chat/completions"
        assert received.headers["content-type"] == "application/json"
        body = received.body
        assert body.keys() <= _BODY, "a field that the format does not have"
        assert body.get("stream_options", {}).keys() <= {"include_usage"}
        messages = body["messages"]
        for each in messages:
            assert each.keys() <= _MESSAGE[each["role"]], "a field that the format does not have"
        parts = [part for each in messages for part in _parts(each)]
        return Asked(
            model=body["model"],
            system="\n".join(each["content"] for each in messages if each["role"] == "system"),
            turns=tuple(turn for each in messages for turn in _turns(each)),
            settings=_settings(body),
            attached=tuple(attached for part in parts for attached in _attached(part)),
            tools=_tools(body),
            tool_choice=body.get("tool_choice"),
            results=tuple(each["tool_call_id"] for each in messages if each["role"] == "tool"),
            output_schema=_output_schema(body),
            stream=body.get("stream", False),
        )

    def presented_key(self, received: Received) -> str:
        scheme, _, key = received.headers["authorization"].partition(" ")
        assert scheme == "Bearer"
        return key


def _content(said: Said) -> str | None:
    return None if said.refused or (said.tool_calls and not said.text) else said.text


def _reasoning(said: Said) -> dict[str, Any]:
    return {"reasoning_content": said.reasoning} if said.reasoning else {}


def _call(said: Said, place: int) -> dict[str, Any]:
    call = said.tool_calls[place]
    text = call.malformed or json.dumps(call.arguments)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": text}}


def _call_deltas(said: Said) -> Iterable[dict[str, Any]]:
    """The pieces of several calls take turns."""
    calls = [_call(said, place) for place in range(len(said.tool_calls))]
    texts = [each["function"]["arguments"] for each in calls]
    for index, call in enumerate(calls):
        first = call | {"index": index, "function": {**call["function"], "arguments": ""}}
        yield {"tool_calls": [first]}
    for cut in (slice(3), slice(3, None)):
        for index, text in enumerate(texts):
            yield {"tool_calls": [{"index": index, "function": {"arguments": text[cut]}}]}


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _chunk(said: Said, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return _head(said, "chat.completion.chunk") | {"choices": choices, "usage": None}


def _head(said: Said, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": said.model}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _parts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    assert parts
    return parts


def _turns(message: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """A message that calls and says nothing is no turn of those who speak."""
    for call in message.get("tool_calls", ()):
        json.loads(call["function"]["arguments"])
    text = "".join(
        part["text"]
        for part in _parts(message)
        if part["type"] == "text" and not _DOCUMENT.fullmatch(part["text"])
    )
    if message["role"] != "system" and (text or "tool_calls" not in message):
        yield message["role"], text


def _attached(part: Mapping[str, Any]) -> Iterable[tuple[str, bytes]]:
    if part["type"] == "text":
        document = _DOCUMENT.fullmatch(part["text"])
        if document:
            assert unescape(document[1])
            yield "text/plain", document[2].encode()
        return
    url = part["image_url"]["url"] if part["type"] == "image_url" else part["file"]["file_data"]
    data = _DATA_URL.fullmatch(url)
    assert data
    assert data[1].startswith("image/") == (part["type"] == "image_url")
    if part["type"] == "file":
        assert part["file"]["filename"].endswith(".pdf"), "OpenAI tells the type by the name"
    yield data[1], b64decode(data[2], validate=True)


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: body[name] for name in _SETTINGS if name in body}
    return told | ({"stop": tuple(body["stop"])} if "stop" in body else {})


def _tools(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    if "tools" not in body:
        return None
    assert all(each["type"] == "function" for each in body["tools"])
    functions = [each["function"] for each in body["tools"]]
    return {each["name"]: each["parameters"] for each in functions}


def _output_schema(body: Mapping[str, Any]) -> Any:
    told = body.get("response_format")
    if told is None:
        return None
    assert told["type"] == "json_schema"
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", told["json_schema"]["name"])
    return told["json_schema"]["schema"]
