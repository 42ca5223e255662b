"""Anthropic's Messages API, from the server's side (platform.claude.com/docs/en/api/messages)."""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from promptpilot.adapters.models.anthropic_messages.wire import anthropic
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.model import Usage
from tests.contract.dialects.anthropic_rules import check_request
from tests.contract.dialects.dialect import ALL_SETTINGS, Asked, Failure, Said, Traits
from tests.scripted_openai import Received

SIGNATURE = "c2lnbmVkIHRoaW5raW5n"
_LIMITS = {4_096, 4_096 + 4_096, 4_096 + 8_192, 4_096 + 16_384, 4_096 + 32_768}
"""The API wants a limit; these are there where nobody asked for one."""

_STOPPED = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_tokens",
    "stop_sequences": "stop",
}
_FAILURES: Mapping[Failure, tuple[int, str, str]] = {
    "rate_limited": (429, "rate_limit_error", "This would exceed your rate limit."),
    "overloaded": (529, "overloaded_error", "Overloaded."),
    "server_error": (500, "api_error", "Internal server error."),
    "wrong_key": (401, "authentication_error", "invalid x-api-key"),
    "no_such_model": (404, "not_found_error", "model: claude-none"),
    "context_too_long": (
        400,
        "invalid_request_error",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ),
    "bad_request": (400, "invalid_request_error", "top_p: Input should be less than 1."),
}


class AnthropicDialect:
    """`Dialect` of `POST /v1/messages`."""

    model = "anthropic/claude-test"
    key = "canary-anthropic-4f2c"
    traits = Traits(
        settings=ALL_SETTINGS - {"seed"},
        usage=Usage(
            input_tokens=20,
            cached_tokens=4,
            cache_write_tokens=6,
            output_tokens=7,
            reasoning_tokens=2,
        ),
        kept=SIGNATURE,
        written=(False, True),
    )
    stream_type = "text/event-stream"

    def client(self, base_url: str) -> HttpModelClient:
        return anthropic(SecretStr(self.key), base_url=base_url)

    def whole(self, said: Said) -> bytes:
        usage = {} if said.usage is None else {"usage": _usage(said.usage)}
        message = {**_message(said), **usage, **_stop(said)}
        return json.dumps({**message, "content": _content(said)}).encode()

    def streamed(self, said: Said, pieces: tuple[str, ...]) -> list[bytes]:
        """`message_stop` comes at once with what says why it stopped."""
        start = _message(said)
        if said.usage is not None:
            # Of the output, the first event counts what is there by then.
            start["usage"] = {**_usage(said.usage), "output_tokens": 1}
            start["usage"].pop("output_tokens_details")
        frames = [event("message_start", message=start), event("ping")]
        for index, (block, deltas) in enumerate(_blocks(said, pieces)):
            frames.append(event("content_block_start", index=index, content_block=block))
            frames += [event("content_block_delta", index=index, delta=each) for each in deltas]
            frames.append(event("content_block_stop", index=index))
        usage = {} if said.usage is None else {"usage": _usage(said.usage)}
        return [*frames, event("message_delta", delta=_stop(said), **usage) + event("message_stop")]

    def failure(self, failure: Failure) -> tuple[int, bytes]:
        told = {"type": "error", **_error(failure), "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}
        return _FAILURES[failure][0], json.dumps(told).encode()

    def stream_failure(self, failure: Failure) -> bytes:
        return event("error", **_error(failure))

    def asked(self, received: Received) -> Asked:
        assert received.target == "/v1/messages", received.target
        body = received.body
        check_request(received.headers["anthropic-version"], body)
        config = body.get("output_config", {})
        blocks = [(each["role"], of) for each in body["messages"] for of in each["content"]]
        return Asked(
            model=body["model"],
            system="\n".join(each["text"] for each in body.get("system", ())),
            turns=tuple(turn for role, of in blocks for turn in _turn(role, of)),
            settings=_settings(body),
            attached=tuple(_attached(of for _, of in blocks)),
            tools=_tools(body),
            tool_choice=_tool_choice(body),
            results=tuple(of["tool_use_id"] for _, of in blocks if of["type"] == "tool_result"),
            output_schema=config["format"]["schema"] if "format" in config else None,
            stream=body.get("stream", False),
        )

    def presented_key(self, received: Received) -> str:
        return received.headers["x-api-key"]


def event(kind: str, **fields: Any) -> bytes:
    """One event, which says its type twice."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _message(said: Said) -> dict[str, Any]:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop(said: Said) -> dict[str, Any]:
    if said.refused:
        details = {"type": "refusal", "category": None, "explanation": "It said XYZZY."}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    return {"stop_reason": _STOPPED[said.finish], "stop_sequence": None}


def _content(said: Said) -> list[dict[str, Any]]:
    thinking = {"type": "thinking", "thinking": said.reasoning, "signature": SIGNATURE}
    return [
        *([thinking] if said.reasoning else []),
        *([{"type": "text", "text": said.text}] if said.text else []),
        *(
            {"type": "tool_use", "id": each.id, "name": each.name, "input": each.arguments}
            for each in said.tool_calls
        ),
    ]


def _blocks(
    said: Said, pieces: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each block as it begins, and the pieces that follow."""
    if said.reasoning:
        yield (
            {"type": "thinking", "thinking": "", "signature": ""},
            [
                {"type": "thinking_delta", "thinking": said.reasoning},
                {"type": "signature_delta", "signature": SIGNATURE},
            ],
        )
    if any(pieces):
        texts = [{"type": "text_delta", "text": each} for each in pieces]
        yield {"type": "text", "text": ""}, texts
    for call in said.tool_calls:
        written = call.malformed or json.dumps(call.arguments)
        yield (
            {"type": "tool_use", "id": call.id, "name": call.name, "input": {}},
            [
                {"type": "input_json_delta", "partial_json": each}
                for each in ("", written[:3], written[3:])
            ],
        )


def _usage(usage: Usage) -> dict[str, Any]:
    """`input_tokens` are those that the cache had no part in."""
    cached, written = usage.cached_tokens, usage.cache_write_tokens
    return {
        "input_tokens": usage.input_tokens - cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _error(failure: Failure) -> dict[str, Any]:
    _, kind, words = _FAILURES[failure]
    return {"error": {"type": kind, "message": f"{words} the prompt said XYZZY", "details": None}}


def _turn(role: str, block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if block["type"] == "text":
        yield role, block["text"]
    if block["type"] == "tool_result":
        yield "tool", block["content"]


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    told = {ours: body[theirs] for theirs, ours in _SETTINGS.items() if theirs in body}
    if "stop" in told:
        told["stop"] = tuple(told["stop"])
    thinking = body.get("thinking", {})
    if thinking.get("type") == "enabled":
        told["reasoning_tokens"] = thinking["budget_tokens"]
    if thinking.get("type") == "disabled":
        told["reasoning_effort"] = "none"
    if "effort" in body.get("output_config", {}):
        assert thinking == {"type": "adaptive"}, "an effort alone does not make a model think"
        told["reasoning_effort"] = body["output_config"]["effort"]
    if told["max_tokens"] - told.get("reasoning_tokens", 0) in _LIMITS:
        del told["max_tokens"]
    return told


def _attached(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for block in blocks:
        if block["type"] not in {"image", "document"}:
            continue
        source = block["source"]
        if source["type"] == "text":
            yield source["media_type"], source["data"].encode()
        else:
            assert source["type"] == "base64"
            yield source["media_type"], b64decode(source["data"], validate=True)


def _tools(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    if "tools" not in body:
        return None
    return {each["name"]: each["input_schema"] for each in body["tools"]}


def _tool_choice(body: Mapping[str, Any]) -> str | None:
    if "tool_choice" not in body:
        return None
    return {"none": "none", "any": "required"}[body["tool_choice"]["type"]]
