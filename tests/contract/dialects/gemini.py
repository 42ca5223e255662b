"""Google's Gemini API, from the server's side (ai.google.dev/api/generate-content)."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from promptpilot.adapters.models.gemini.wire import gemini
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.model import Usage
from tests.contract.dialects.dialect import ALL_SETTINGS, USAGE, Asked, Failure, Said, Traits
from tests.scripted_openai import Received, events

SIGNATURE = "c2lnbmVkIHRob3VnaHRz"
_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}
_PATH = re.compile(
    r"/v1beta/models/([^/?:]+):(generateContent|streamGenerateContent\?alt=sse)"  # one segment
)
_SETTINGS = {
    "temperature": "temperature",
    "topP": "top_p",
    "maxOutputTokens": "max_tokens",
    "stopSequences": "stop",
    "seed": "seed",
}
_MODES = {"NONE": "none", "ANY": "required"}
_BODY = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig"}
_CONFIG = {*_SETTINGS, "thinkingConfig", "responseMimeType", "responseJsonSchema"}

_FAILURES: Mapping[Failure, tuple[int, str, str]] = {
    "rate_limited": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "server_error": (500, "INTERNAL", "An internal error has occurred."),
    "wrong_key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "no_such_model": (404, "NOT_FOUND", "models/x is not found for API version v1beta."),
    "context_too_long": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    "bad_request": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
}
_DETAILS: Mapping[Failure, list[dict[str, Any]]] = {
    "wrong_key": [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
        }
    ],
    "bad_request": [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "generation_config.top_p", "description": "XYZZY"}],
        }
    ],
}


class GeminiDialect:
    """`Dialect` of `generateContent` in its version `v1beta`."""

    model = "google/gemini-test"
    key = "canary-google-9b1d"
    traits = Traits(settings=ALL_SETTINGS, usage=USAGE, kept=SIGNATURE, written=(False, False))
    stream_type = "text/event-stream"

    def client(self, base_url: str) -> HttpModelClient:
        return gemini(SecretStr(self.key), base_url=base_url)

    def whole(self, said: Said) -> bytes:
        parts = _parts(said, (said.text,)) or [{"text": ""}]
        return json.dumps(_answer(said, parts, last=True)).encode()

    def streamed(self, said: Said, pieces: tuple[str, ...]) -> list[bytes]:
        """As Google's servers do it: the last frame has the reason to finish, and an empty text
        where there is nothing else left.
        """
        parts = [[part] for part in _parts(said, pieces)]
        last: list[dict[str, Any]] = [] if said.tool_calls else [{"text": ""}]
        frames = [_answer(said, each, last=False) for each in parts]
        return [events(each) for each in (*frames, _answer(said, last, last=True))]

    def failure(self, failure: Failure) -> tuple[int, bytes]:
        return _FAILURES[failure][0], json.dumps(_error(failure), indent=2).encode()

    def stream_failure(self, failure: Failure) -> bytes:
        return events(_error(failure))

    def asked(self, received: Received) -> Asked:
        path = _PATH.fullmatch(received.target)
        assert path, received.target
        body = received.body
        assert body.keys() <= _BODY, "a field that the format does not have"
        config = body.get("generationConfig", {})
        assert config.keys() <= _CONFIG, "a field that the format does not have"
        contents = body["contents"]
        assert contents, "Gemini refuses an empty conversation"
        return Asked(
            model=unquote(path[1]),
            system="\n".join(
                part["text"] for part in body.get("systemInstruction", {"parts": []})["parts"]
            ),
            turns=tuple(turn for content in contents for turn in _turns(content)),
            settings=_settings(config),
            attached=tuple(_attached(contents)),
            tools=_tools(body),
            tool_choice=_tool_choice(body),
            results=tuple(_results(contents)),
            output_schema=_output_schema(config),
            stream=path[2].startswith("stream"),
        )

    def presented_key(self, received: Received) -> str:
        return received.headers["x-goog-api-key"]


def _parts(said: Said, texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """Thoughts first, then text, then calls, of which Gemini 3 signs the first one."""
    thoughts = [{"text": said.reasoning, "thought": True}] if said.reasoning else []
    text = [{"text": each} for each in texts if each or not said.tool_calls]
    calls: list[dict[str, Any]] = [
        {"functionCall": {"id": each.id, "name": each.name, "args": each.arguments}}
        for each in said.tool_calls
    ]
    if calls:
        calls[0]["thoughtSignature"] = SIGNATURE
    return [*thoughts, *text, *calls]


def _answer(said: Said, parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    answer: dict[str, Any] = {
        "candidates": [candidate],
        "modelVersion": said.model,
        "responseId": "r-1",
    }
    if last:
        candidate["finishReason"] = "SAFETY" if said.refused else _FINISH[said.finish]
        if said.refused:
            del candidate["content"]
    if said.usage is not None:
        # Until the last one, a piece counts the prompt alone.
        told = _usage(said.usage)
        answer["usageMetadata"] = told if last else {"promptTokenCount": told["promptTokenCount"]}
    return answer


def _usage(usage: Usage) -> dict[str, int]:
    """Google counts thoughts beside the answer."""
    return {
        "promptTokenCount": usage.input_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }


def _error(failure: Failure) -> dict[str, Any]:
    code, status, message = _FAILURES[failure]
    error = {"code": code, "message": f"{message} the prompt said XYZZY", "status": status}
    return {"error": error | {"details": _DETAILS.get(failure, [])}}


def _turns(content: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The turns in one content, which holds a message, calls, or the results of one turn's."""
    role = {"user": "user", "model": "assistant"}[content["role"]]
    parts = content["parts"]
    assert parts, "Gemini refuses a content without parts"
    answers = [part["functionResponse"]["response"] for part in parts if _is_result(part)]
    if answers:
        assert role == "user"
        assert len(answers) == len(parts), "results among other parts"
        return [("tool", "".join(each.values())) for each in answers]
    labels = {n for n, part in enumerate(parts[1:]) if "inlineData" in part}
    texts = (part.get("text", "") for n, part in enumerate(parts) if n not in labels)
    return [(role, "".join(texts))]


def _is_result(part: Mapping[str, Any]) -> bool:
    return "functionResponse" in part


def _results(contents: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The ids that results answer. They must follow the calls at once, all of them, in order."""
    called: list[dict[str, Any]] = []
    for content in contents:
        calls = [each["functionCall"] for each in content["parts"] if "functionCall" in each]
        answers = [each["functionResponse"] for each in content["parts"] if _is_result(each)]
        assert [each["name"] for each in answers] == [each["name"] for each in called]
        assert [each.get("id") for each in answers] == [each.get("id") for each in called]
        yield from (each.get("id", "") for each in answers)
        if calls:
            first = next(each for each in content["parts"] if "functionCall" in each)
            assert first.get("thoughtSignature"), "Gemini 3 refuses a call without its signature"
        called = calls


def _attached(contents: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, bytes]]:
    for content in contents:
        for part in content["parts"]:
            if "inlineData" in part:
                data = part["inlineData"]
                yield data["mimeType"], b64decode(data["data"], validate=True)


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    told = {ours: config[theirs] for theirs, ours in _SETTINGS.items() if theirs in config}
    if "stop" in told:
        told["stop"] = tuple(told["stop"])
    thinking = config.get("thinkingConfig", {})
    if "thinkingLevel" in thinking:
        told["reasoning_effort"] = thinking["thinkingLevel"].lower()
    if "thinkingBudget" in thinking:
        told["reasoning_tokens"] = thinking["thinkingBudget"]
    return told


def _tools(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    if "tools" not in body:
        return None
    (tool,) = body["tools"]
    return {each["name"]: each["parametersJsonSchema"] for each in tool["functionDeclarations"]}


def _tool_choice(body: Mapping[str, Any]) -> str | None:
    if "toolConfig" not in body:
        return None
    return _MODES[body["toolConfig"]["functionCallingConfig"]["mode"]]


def _output_schema(config: Mapping[str, Any]) -> Any:
    schema = config.get("responseJsonSchema")
    if schema is not None:
        assert config["responseMimeType"] == "application/json", "Google wants both"
    return schema
