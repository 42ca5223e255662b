"""Amazon Bedrock's Converse, from the server's side (Bedrock Runtime API Reference).

Requests are held against botocore's description of the service (`converse_service`).
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from botocore.credentials import Credentials

from promptpilot.adapters.models.bedrock.signing import sigv4
from promptpilot.adapters.models.bedrock.wire import bedrock
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.model import Usage
from tests.contract.dialects.amazon_frames import event, exception, frame
from tests.contract.dialects.converse_service import check_request
from tests.contract.dialects.dialect import ALL_SETTINGS, Asked, Failure, Said, Traits
from tests.scripted_openai import Received

REGION = "eu-central-1"
SIGNATURE = "c2lnbmVkIHJlYXNvbmluZw=="
MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "txt": "text/plain",
}
_PATH = re.compile(r".*/model/([^/?]+)/(converse|converse-stream)")
_CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([\w-]+)/\d{8}/eu-central-1/bedrock/aws4_request,"
    r" SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}"
)
_STOPPED = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_SETTINGS = {
    "temperature": "temperature",
    "topP": "top_p",
    "maxTokens": "max_tokens",
    "stopSequences": "stop",
}
_FAILURES: Mapping[Failure, tuple[int, str, str]] = {
    "rate_limited": (429, "ThrottlingException", "Too many requests, please wait."),
    "overloaded": (503, "ServiceUnavailableException", "Bedrock is unable to process it."),
    "server_error": (500, "InternalServerException", "The system encountered an error."),
    "wrong_key": (403, "UnrecognizedClientException", "The security token is invalid."),
    "no_such_model": (404, "ResourceNotFoundException", "Could not find the model."),
    "context_too_long": (400, "ValidationException", "Input is too long for requested model."),
    "bad_request": (400, "ValidationException", "The value at topP is not one to be taken."),
}
_OF_STREAMS = {
    "InternalServerException",
    "ModelStreamErrorException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "ValidationException",
}
"""Those that ConverseStreamOutput has members for; others are frames of the type `error`."""


class BedrockDialect:
    """`Dialect` of Converse and ConverseStream."""

    model = "bedrock/eu.anthropic.claude-test-v1:0"
    key = "AKIACANARY7D02"
    traits = Traits(
        settings=ALL_SETTINGS - {"seed"},
        usage=Usage(input_tokens=20, cached_tokens=4, cache_write_tokens=6, output_tokens=7),
        kept=SIGNATURE,
        written=(False, True),
    )
    stream_type = "application/vnd.amazon.eventstream"

    def client(self, base_url: str) -> HttpModelClient:
        credentials = Credentials(self.key, "canary-secret-51c8")
        return bedrock(REGION, sigv4(lambda: credentials, REGION), endpoint=base_url)

    def whole(self, said: Said) -> bytes:
        answer = {
            "output": {"message": {"role": "assistant", "content": _content(said)}},
            "stopReason": _stop_reason(said),
            **_metadata(said),
        }
        return json.dumps(answer).encode()

    def streamed(self, said: Said, pieces: tuple[str, ...]) -> list[bytes]:
        """The metadata follow at once on what says that the message is complete."""
        blocks = [*_reasoning_events(said), *_text_events(pieces), *_tool_events(said)]
        frames = [event("messageStart", {"role": "assistant"})]
        for index, events in enumerate(blocks):
            told = [*events, ("contentBlockStop", {})]
            frames += [event(name, {"contentBlockIndex": index, **of}) for name, of in told]
        stop = event("messageStop", {"stopReason": _stop_reason(said)})
        return [*frames, stop + event("metadata", _metadata(said))]

    def failure(self, failure: Failure) -> tuple[int, bytes]:
        status, kind, words = _FAILURES[failure]
        return status, json.dumps({"__type": kind, "message": f"{words} {_QUOTED}"}).encode()

    def stream_failure(self, failure: Failure) -> bytes:
        _, kind, words = _FAILURES[failure]
        if kind in _OF_STREAMS:
            return exception(kind[0].lower() + kind[1:], f"{words} {_QUOTED}")
        told = {":message-type": "error", ":error-code": kind, ":error-message": _QUOTED}
        return frame(told, b"")

    def asked(self, received: Received) -> Asked:
        target = _PATH.fullmatch(received.target)
        assert target, received.target
        assert received.headers["content-type"] == "application/json"
        body = received.body
        model, operation = unquote(target[1]), target[2]
        check_request(model, operation, body)
        blocks = [(each["role"], of) for each in body["messages"] for of in each["content"]]
        return Asked(
            model=model,
            system="\n".join(each["text"] for each in body.get("system", ())),
            turns=tuple(turn for role, of in blocks for turn in _turn(role, of)),
            settings=_settings(body),
            attached=tuple(_attached(blocks)),
            tools=_tools(body),
            tool_choice="required" if "toolChoice" in body.get("toolConfig", {}) else None,
            results=tuple(of["toolResult"]["toolUseId"] for _, of in blocks if "toolResult" in of),
            output_schema=_output_schema(body),
            stream=operation == "converse-stream",
        )

    def presented_key(self, received: Received) -> str:
        told = received.headers["authorization"]
        if told.startswith("Bearer "):
            return told.removeprefix("Bearer ")
        credential = _CREDENTIAL.fullmatch(told)
        assert credential, told
        return credential[1]


_QUOTED = "the prompt said XYZZY"


def _content(said: Said) -> list[dict[str, Any]]:
    reasoning = {"reasoningText": {"text": said.reasoning, "signature": SIGNATURE}}
    return [
        *([{"reasoningContent": reasoning}] if said.reasoning else []),
        *([{"text": said.text}] if said.text else []),
        *(
            {"toolUse": {"toolUseId": each.id, "name": each.name, "input": each.arguments}}
            for each in said.tool_calls
        ),
    ]


_Events = Sequence[tuple[str, dict[str, Any]]]


def _reasoning_events(said: Said) -> Iterable[_Events]:
    if said.reasoning:
        deltas = ({"text": said.reasoning}, {"signature": SIGNATURE})
        yield [("contentBlockDelta", {"delta": {"reasoningContent": each}}) for each in deltas]


def _text_events(pieces: tuple[str, ...]) -> Iterable[_Events]:
    if any(pieces):
        yield [("contentBlockDelta", {"delta": {"text": each}}) for each in pieces]


def _tool_events(said: Said) -> Iterable[_Events]:
    for call in said.tool_calls:
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        text = call.malformed or json.dumps(call.arguments)
        deltas = ({"toolUse": {"input": each}} for each in ("", text[:3], text[3:]))
        yield [
            ("contentBlockStart", {"start": start}),
            *(("contentBlockDelta", {"delta": each}) for each in deltas),
        ]


def _stop_reason(said: Said) -> str:
    return "content_filtered" if said.refused else _STOPPED[said.finish]


def _metadata(said: Said) -> dict[str, Any]:
    """Which model has served, Bedrock tells where a prompt router has chosen it."""
    served = f"arn:aws:bedrock:{REGION}::foundation-model/{said.model}"
    told: dict[str, Any] = {
        "metrics": {"latencyMs": 12},
        "trace": {"promptRouter": {"invokedModelId": served}},
    }
    return told | ({"usage": _usage(said.usage)} if said.usage else {})


def _usage(usage: Usage) -> dict[str, int]:
    """`inputTokens` are those that the cache had no part in; of reasoning it does not tell."""
    cached, written = usage.cached_tokens, usage.cache_write_tokens
    return {
        "inputTokens": usage.input_tokens - cached - written,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
        "cacheReadInputTokens": cached,
        "cacheWriteInputTokens": written,
    }


def _turn(role: str, block: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if "text" in block:
        yield role, block["text"]
    if "toolResult" in block:
        assert role == "user"
        yield "tool", "".join(each["text"] for each in block["toolResult"]["content"])


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    told = {_SETTINGS[name]: value for name, value in body.get("inferenceConfig", {}).items()}
    if "stop" in told:
        told["stop"] = tuple(told["stop"])
    thinking = body.get("additionalModelRequestFields", {}).get("thinking")
    if thinking is not None and thinking["type"] == "enabled":
        told["reasoning_tokens"] = thinking["budget_tokens"]
    if "effort" in body.get("outputConfig", {}):
        assert thinking == {"type": "adaptive"}
        told["reasoning_effort"] = body["outputConfig"]["effort"]
    return told


def _attached(blocks: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[tuple[str, bytes]]:
    for role, block in blocks:
        attached = block.get("image") or block.get("document")
        if attached:
            assert role == "user"
            yield MEDIA_TYPES[attached["format"]], b64decode(attached["source"]["bytes"])


def _tools(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    if "toolConfig" not in body:
        return None
    tools = [each["toolSpec"] for each in body["toolConfig"]["tools"]]
    return {each["name"]: each["inputSchema"]["json"] for each in tools}


def _output_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    told = body.get("outputConfig", {}).get("textFormat")
    if told is None:
        return None
    assert told["type"] == "json_schema"
    schema: Mapping[str, Any] = json.loads(told["structure"]["jsonSchema"]["schema"])
    return schema
