"""What a span tells of a model call and of an execution."""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from promptpilot.domain.execution import Execution
from promptpilot.domain.message import CallTurn, ResultTurn, ToolCall, Turn
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.telemetry import names, traceparent
from promptpilot.telemetry.spans import Attributes, Parent, Value, tracer

MOST_CHARACTERS = 20_000
"""More of a text is not captured."""

Part = Mapping[str, object]


def asked(request: ModelRequest, *, streamed: bool) -> Attributes:
    """Of the request. What it says only where contents are captured."""
    vendor, _, model = request.model.partition("/")
    settings = request.settings
    told: dict[str, Value | None] = {
        names.OPERATION: names.CHAT,
        names.PROVIDER: names.PROVIDERS.get(vendor, vendor),
        names.REQUEST_MODEL: model,
        names.REQUEST_TEMPERATURE: settings.temperature,
        names.REQUEST_TOP_P: settings.top_p,
        names.REQUEST_MAX_TOKENS: settings.max_tokens,
        names.REQUEST_STOP: settings.stop or None,
        names.REQUEST_SEED: settings.seed,
        names.REQUEST_STREAM: streamed,
        names.OUTPUT_TYPE: "json" if request.output_schema is not None else "text",
        names.INPUT_MESSAGES: _messages(request) if _captures() else None,
    }
    return _known(told)


def answered(completion: Completion) -> Attributes:
    """Of the answer."""
    usage, first = completion.usage, completion.time_to_first_token_ms
    finish = completion.finish_reason
    told: dict[str, Value | None] = {
        names.RESPONSE_MODEL: completion.model,
        names.FINISH_REASONS: (finish,) if finish else None,
        names.TIME_TO_FIRST_CHUNK: None if first is None else first / 1000,
        names.OUTPUT_MESSAGES: _said(completion) if _captures() else None,
    }
    if usage is not None:
        told |= {
            names.INPUT_TOKENS: usage.input_tokens,
            names.OUTPUT_TOKENS: usage.output_tokens,
            names.CACHE_READ_TOKENS: usage.cached_tokens,
            names.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
            names.REASONING_TOKENS: usage.reasoning_tokens,
        }
    return _known(told)


def execution_span(execution: Execution) -> Parent:
    """The ids of an execution's own span, the same wherever they are asked for: its trace is that
    of the request that began it, or one of its own.
    """
    digest = sha256(execution.id.encode()).hexdigest()
    above = traceparent.read(execution.traceparent)
    if above is None:
        return Parent(digest[:32], digest[32:48])
    return Parent(above.trace, digest[32:48], above.sampled)


def tell_execution(execution: Execution) -> None:
    """Record the span of an execution that has ended."""
    recorder = tracer()
    if recorder is None or execution.ended_at is None:
        return
    cost = execution.cost_micro_usd
    attributes: dict[str, Value | None] = {
        names.OPERATION: names.INVOKE_WORKFLOW,
        names.WORKFLOW_NAME: execution.workflow_id,
        names.EXECUTION: execution.id,
        names.WORKSPACE: execution.workspace,
        names.STATUS: execution.status.value,
        names.INPUT_TOKENS: execution.usage.input_tokens,
        names.OUTPUT_TOKENS: execution.usage.output_tokens,
        names.COST: cost,
    }
    recorder.past(
        names.INVOKE_WORKFLOW,
        _known(attributes),
        execution_span(execution),
        traceparent.read(execution.traceparent),
        (execution.started_at or execution.created_at, execution.ended_at),
        execution.error.name if execution.error else None,
    )


def _captures() -> bool:
    recorder = tracer()
    return recorder is not None and recorder.captures_content


def _known(told: dict[str, Value | None]) -> Attributes:
    return {name: value for name, value in told.items() if value is not None}


def _messages(request: ModelRequest) -> str:
    """In the form of the conventions' JSON schema of input messages."""
    turns = request.messages
    return json.dumps([{"role": each.role, "parts": list(_parts_of(each))} for each in turns])


def _said(completion: Completion) -> str:
    parts = list(_parts(completion.text, completion.tool_calls))
    finish = completion.finish_reason or ""
    return json.dumps([{"role": "assistant", "parts": parts, "finish_reason": finish}])


def _parts_of(turn: Turn) -> Iterator[Part]:
    if isinstance(turn, ResultTurn):
        told = _cut(turn.content)
        yield {"type": "tool_call_response", "id": turn.call_id, "response": told}
    elif isinstance(turn, CallTurn):
        yield from _parts(turn.content, turn.tool_calls)
    else:
        yield {"type": "text", "content": _cut(turn.content)}


def _parts(text: str, calls: Iterable[ToolCall]) -> Iterator[Part]:
    if text:
        yield {"type": "text", "content": _cut(text)}
    for call in calls:
        arguments = {name: _cut(each) for name, each in call.arguments.items()}
        yield {"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments}


def _cut(value: Any) -> Any:
    """Not more of a text than is worth keeping in memory until it is sent."""
    return value[:MOST_CHARACTERS] if isinstance(value, str) else value
