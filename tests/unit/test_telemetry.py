"""Traces: their names, what they tell, and W3C's Trace Context."""

import json
from collections.abc import Iterator, Sequence
from threading import Event

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.semconv._incubating.attributes import (
    error_attributes,
    gen_ai_attributes,
    http_attributes,
)

from promptpilot.adapters import otlp
from promptpilot.adapters.otlp import OtlpTracer
from promptpilot.domain.message import CallTurn, Message, ResultTurn, ToolCall
from promptpilot.domain.model import ModelRequest
from promptpilot.telemetry import names, traceparent
from promptpilot.telemetry.model_spans import MOST_CHARACTERS, asked
from promptpilot.telemetry.spans import NO_SPAN, Parent, install, span

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

_CONVENTIONS = {
    value
    for module in (error_attributes, gen_ai_attributes, http_attributes)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
}


def test_every_name_is_one_of_the_conventions_or_our_own() -> None:
    attributes = {
        value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, str) and "." in value
    }
    assert len(attributes) > 20
    assert {each for each in attributes if not each.startswith("promptpilot.")} <= _CONVENTIONS


def test_vendors_and_operations_are_called_as_in_the_conventions() -> None:
    known = {each.value for each in gen_ai_attributes.GenAiProviderNameValues}
    assert set(names.PROVIDERS.values()) <= known
    operations = {each.value for each in gen_ai_attributes.GenAiOperationNameValues}
    assert {names.CHAT, names.EXECUTE_TOOL, names.INVOKE_WORKFLOW} <= operations


def test_the_context_is_read_as_it_is_written() -> None:
    parent = Parent(TRACE, SPAN)
    assert traceparent.write(parent) == f"00-{TRACE}-{SPAN}-01"
    assert traceparent.read(traceparent.write(parent)) == parent


@pytest.mark.parametrize(
    "header", [f"00-{TRACE}-{SPAN}-03", f"cc-{TRACE}-{SPAN}-01-more", f" 00-{TRACE}-{SPAN}-01 "]
)
def test_other_versions_and_flags_are_read_too(header: str) -> None:
    assert traceparent.read(header) == Parent(TRACE, SPAN)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_what_is_no_context_is_none(header: str | None) -> None:
    assert traceparent.read(header) is None


def test_who_is_not_sampled_is_not_sampled_further_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exported: list[str] = []

    def export(_: object, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        exported.extend(each.name for each in spans)
        return SpanExportResult.SUCCESS

    monkeypatch.setattr(otlp.OTLPSpanExporter, "export", export)
    tracer = OtlpTracer()
    unsampled = traceparent.read(f"00-{TRACE}-{SPAN}-00")
    with tracer.span("request", "server", {}, unsampled):
        here = tracer.current()
    assert here is not None
    with tracer.span("step", "consumer", {}, traceparent.read(traceparent.write(here))):
        pass
    with tracer.span("another", "server", {}, traceparent.read(f"00-{TRACE}-{SPAN}-01")):
        pass
    tracer.close()
    assert exported == ["another"]


@pytest.fixture
def tracing() -> Iterator[OtlpTracer]:
    """Spans are recorded, with what is said, and nobody is sent them."""
    tracer = OtlpTracer(captures_content=True)
    tracer.close()
    install(tracer)
    yield tracer
    install(None)


@pytest.mark.usefixtures("tracing")
def test_what_is_captured_has_the_form_of_the_conventions_and_is_cut() -> None:
    call = ToolCall(id="1", name="look", arguments={"at": "x" * 30_000})
    turns = (
        Message(role="user", content="y" * 30_000),
        CallTurn(content="Let me see.", tool_calls=(call,)),
        ResultTurn(call_id="1", name="look", content="found"),
    )
    request = ModelRequest(model="fake/echo", messages=turns)
    told = json.loads(str(asked(request, streamed=False)[names.INPUT_MESSAGES]))
    short = {"at": "x" * MOST_CHARACTERS}
    assert told == [
        {"role": "user", "parts": [{"type": "text", "content": "y" * MOST_CHARACTERS}]},
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "Let me see."},
                {"type": "tool_call", "id": "1", "name": "look", "arguments": short},
            ],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "1", "response": "found"}],
        },
    ]


def test_a_collector_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "FLUSH_SECONDS", 0.01)
    over, in_time = Event(), []

    def export(*_: object) -> SpanExportResult:
        in_time.append(over.wait(10))
        return SpanExportResult.FAILURE

    monkeypatch.setattr(otlp.OTLPSpanExporter, "export", export)
    tracer = OtlpTracer()
    try:
        with tracer.span("anything", "internal", {}, None):
            pass
        tracer.flush()
    finally:
        over.set()
        tracer.close()
    assert in_time == [True]


def test_without_a_collector_a_span_is_nothing() -> None:
    with span("anything") as told:
        assert told is NO_SPAN
        assert not told.recording
    assert traceparent.here() is None
