"""OpenAI's Responses API, from the server's side (its API reference)."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from pydantic import SecretStr

from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.responses.wire import openai
from promptpilot.domain.model import Usage
from tests.contract.dialects import openai_failures
from tests.contract.dialects.dialect import ALL_SETTINGS, Asked, Failure, Said, Traits
from tests.scripted_openai import Received

ENCRYPTED = "gAAAAAencrypted"
_SETTINGS = {"temperature": "temperature", "top_p": "top_p", "max_output_tokens": "max_tokens"}
_BODY = {
    *("model", "input", "store", "include", "stream", "text"),
    *("reasoning", "tools", "tool_choice", *_SETTINGS),
}
_DATA_URL = re.compile(r"data:([a-z]+/[a-z]+);base64,(.*)")
_CALLED = ("function_call", "function_call_output", "reasoning")

_Json = dict[str, Any]


class ResponsesDialect:
    """`Dialect` of OpenAI itself."""

    model = "openai/gpt-test"
    key = "canary-openai-61aa"
    traits = Traits(
        settings=ALL_SETTINGS - {"stop", "seed", "reasoning_tokens"},
        usage=Usage(
            input_tokens=20,
            cached_tokens=4,
            cache_write_tokens=6,
            output_tokens=7,
            reasoning_tokens=2,
        ),
        kept=ENCRYPTED,
        written=(True, True),
    )
    stream_type = "text/event-stream"

    def client(self, base_url: str) -> HttpModelClient:
        return openai(SecretStr(self.key), base_url=f"{base_url}/v1")

    def whole(self, said: Said) -> bytes:
        return json.dumps(_response(said)).encode()

    def streamed(self, said: Said, pieces: tuple[str, ...]) -> list[bytes]:
        numbers = count()
        items = _output(said)
        told: list[_Json] = [
            {"type": "response.created", "response": _begun(said)},
            {"type": "response.in_progress", "response": _begun(said)},
            *(each for index, item in enumerate(items) for each in _item(index, item, pieces)),
            {"type": f"response.{_status(said)}", "response": _response(said)},
        ]
        return [_event(each | {"sequence_number": next(numbers)}) for each in told]

    def failure(self, failure: Failure) -> tuple[int, bytes]:
        return openai_failures.failure(failure)

    def stream_failure(self, failure: Failure) -> bytes:
        """By a response that has failed, or an event of its own: OpenAI does both."""
        error = openai_failures.error(failure)
        code = error["code"] or error["type"]
        if failure in {"rate_limited", "server_error"}:
            failed = {"code": code, "message": error["message"]}
            told = _begun(Said()) | {"status": "failed", "error": failed}
            return _event({"type": "response.failed", "sequence_number": 9, "response": told})
        error |= {"code": code}
        return _event({"type": "error", "sequence_number": 9, "error": error})

    def asked(self, received: Received) -> Asked:
        assert received.target == "/v1/responses"
        assert received.headers["content-type"] == "application/json"
        body = received.body
        assert body.keys() <= _BODY, "a field that the format does not have"
        assert body["store"] is False, "it would be kept at OpenAI"
        items = body["input"]
        assert items, "OpenAI refuses a request without input"
        said = [each for each in items if each.get("type") not in _CALLED]
        parts = [part for each in said for part in _parts(each)]
        return Asked(
            model=body["model"],
            system="\n".join(each["content"] for each in said if each["role"] == "system"),
            turns=tuple(turn for each in items for turn in _turns(each)),
            settings=_settings(body),
            attached=tuple(attached for part in parts for attached in _attached(part)),
            tools=_tools(body),
            tool_choice=body.get("tool_choice"),
            results=tuple(_results(items)),
            output_schema=_output_schema(body),
            stream=body.get("stream", False),
        )

    def presented_key(self, received: Received) -> str:
        scheme, _, key = received.headers["authorization"].partition(" ")
        assert scheme == "Bearer"
        return key


def _event(data: _Json) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def _status(said: Said) -> str:
    return "incomplete" if said.finish == "length" else "completed"


def _response(said: Said) -> _Json:
    reason = {"reason": "max_output_tokens"} if said.finish == "length" else None
    told = {"status": _status(said), "output": _output(said), "incomplete_details": reason}
    return _begun(said) | told | {"usage": _usage(said.usage) if said.usage else None}


def _begun(said: Said) -> _Json:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": said.model,
        "output": [],
        "parallel_tool_calls": True,
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _output(said: Said) -> list[_Json]:
    reasoning = {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": said.reasoning}],
        "encrypted_content": ENCRYPTED,
    }
    content = (
        {"type": "refusal", "refusal": "I would rather not."}
        if said.refused
        else {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
    )
    message = {
        "id": "msg_1",
        "type": "message",
        "status": _status(said),
        "role": "assistant",
        "phase": "commentary" if said.tool_calls else "final_answer",
        "content": [content],
    }
    calls = [
        {
            "id": f"fc_{place}",
            "type": "function_call",
            "status": "completed",
            "call_id": each.id,
            "name": each.name,
            "arguments": each.malformed or json.dumps(each.arguments),
        }
        for place, each in enumerate(said.tool_calls)
    ]
    silent = said.tool_calls and not said.text
    return [*([reasoning] if said.reasoning else []), *([] if silent else [message]), *calls]


def _item(index: int, item: _Json, pieces: tuple[str, ...]) -> Iterator[_Json]:
    """All that a stream tells of one item."""
    place: _Json = {"item_id": item["id"], "output_index": index}
    empty = {"reasoning": "summary", "message": "content", "function_call": "arguments"}
    hollow = item | {empty[item["type"]]: "" if item["type"] == "function_call" else []}
    yield {"type": "response.output_item.added", "output_index": index, "item": hollow}
    if item["type"] == "reasoning":
        text = item["summary"][0]["text"]
        part = place | {"summary_index": 0}
        yield part | {"type": "response.reasoning_summary_text.delta", "delta": text}
        yield part | {"type": "response.reasoning_summary_text.done", "text": text}
    elif item["type"] == "message":
        yield from _message(place | {"content_index": 0}, item["content"][0], pieces)
    else:
        text = item["arguments"]
        for each in (text[:3], text[3:]):
            yield place | {"type": "response.function_call_arguments.delta", "delta": each}
        done = {"name": item["name"], "arguments": text}
        yield place | {"type": "response.function_call_arguments.done", **done}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _message(place: _Json, content: _Json, pieces: tuple[str, ...]) -> Iterator[_Json]:
    kind = content["type"]
    field = "refusal" if kind == "refusal" else "text"
    texts = ("I would", " rather not.") if kind == "refusal" else pieces
    hollow = content | {field: ""}
    yield place | {"type": "response.content_part.added", "part": hollow}
    more = {} if kind == "refusal" else {"logprobs": []}
    for each in texts:
        yield place | {"type": f"response.{kind}.delta", "delta": each, **more}
    yield place | {"type": f"response.{kind}.done", field: content[field], **more}
    yield place | {"type": "response.content_part.done", "part": content}


def _usage(usage: Usage) -> _Json:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _parts(message: Mapping[str, Any]) -> list[_Json]:
    content = message["content"]
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    parts: list[_Json] = content
    assert parts
    spoken = "output_text" if message["role"] == "assistant" else "input_text"
    assert all(each["type"] in {spoken, "input_image", "input_file"} for each in parts)
    return parts


def _turns(item: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    kind = item.get("type")
    if kind == "function_call_output":
        yield "tool", item["output"]
    elif kind not in _CALLED and item["role"] != "system":
        yield item["role"], "".join(part.get("text", "") for part in _parts(item))


def _results(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The ids that results answer, which has to be of calls that came before."""
    called: set[str] = set()
    for item in items:
        if item.get("type") == "function_call":
            called.add(item["call_id"])
        if item.get("type") == "function_call_output":
            assert item["call_id"] in called, "No tool call found for function call output"
            yield item["call_id"]


def _attached(part: Mapping[str, Any]) -> Iterable[tuple[str, bytes]]:
    if part["type"] not in {"input_image", "input_file"}:
        return
    image = part["type"] == "input_image"
    data = _DATA_URL.fullmatch(part["image_url"] if image else part["file_data"])
    assert data
    assert data[1].startswith("image/") == image
    if not image:
        endings = {"application/pdf": ".pdf", "text/plain": ".txt"}
        assert part["filename"].endswith(endings[data[1]]), "OpenAI tells the type by the name"
    yield data[1], b64decode(data[2], validate=True)


def _settings(body: Mapping[str, Any]) -> _Json:
    told = {ours: body[theirs] for theirs, ours in _SETTINGS.items() if theirs in body}
    return told | ({"reasoning_effort": body["reasoning"]["effort"]} if "reasoning" in body else {})


def _tools(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    if "tools" not in body:
        return None
    assert body["include"] == ["reasoning.encrypted_content"]
    for each in body["tools"]:
        assert each["type"] == "function"
        assert isinstance(each["strict"], bool), "OpenAI would take it for strict"
    return {each["name"]: each["parameters"] for each in body["tools"]}


def _output_schema(body: Mapping[str, Any]) -> Any:
    if "text" not in body:
        return None
    told = body["text"]["format"]
    assert told["type"] == "json_schema"
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", told["name"])
    assert isinstance(told["strict"], bool)
    return told["schema"]
