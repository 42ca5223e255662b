"""Traces by OTLP over HTTP, with OpenTelemetry's own SDK.

Where to, with which headers, how much is sampled: the SDK's standard variables say
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, ...). Importing
this module imports the SDK, which takes half a second.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace import Span as OtelSpan

from promptpilot.observability import SERVICE
from promptpilot.telemetry import names
from promptpilot.telemetry.spans import Attributes, Kind, Parent, Span

FLUSH_SECONDS = 3.0

_KINDS: Mapping[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}


class OtlpTracer:
    """A `Tracer` that exports in batches, from a thread of its own."""

    def __init__(
        self, *, headers: Mapping[str, str] | None = None, captures_content: bool = False
    ) -> None:
        self.captures_content = captures_content
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": SERVICE}),
            id_generator=_Ids(),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(headers=dict(headers) if headers else None)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(SERVICE)

    @contextmanager
    def span(
        self, name: str, kind: Kind, attributes: Attributes, parent: Parent | None
    ) -> Iterator[Span]:
        """A span around a block. An exception is told by its class alone: its words may quote."""
        started = self._tracer.start_span(
            name, _within(parent), kind=_KINDS[kind], attributes=attributes
        )
        with use_span(
            started, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            span = _Recorded(started)
            try:
                yield span
            except BaseException as error:
                span.fail(type(error).__name__)
                raise

    def past(
        self,
        name: str,
        attributes: Attributes,
        own: Parent,
        above: Parent | None,
        times: tuple[datetime, datetime],
        error: str | None,
    ) -> None:
        """A span that is over, with ids that others may have named as their parent's already."""
        begun, ended = (int(each.timestamp() * 1_000_000) * 1_000 for each in times)
        token = _own.set(own)
        try:
            started = self._tracer.start_span(
                name, _within(above) or Context(), attributes=attributes, start_time=begun
            )
        finally:
            _own.reset(token)
        if error is not None:
            _Recorded(started).fail(error)
        started.end(ended)

    def current(self) -> Parent | None:
        """The span around what is done now."""
        context = get_current_span().get_span_context()
        if not context.is_valid:
            return None
        sampled = context.trace_flags.sampled
        return Parent(f"{context.trace_id:032x}", f"{context.span_id:016x}", sampled)

    def flush(self) -> None:
        """Send what has been recorded, or have been trying to for `FLUSH_SECONDS`: the SDK itself
        goes by no limit, and tries for as long as its exporter does.
        """
        flushing = Thread(target=self._provider.force_flush, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)

    def close(self) -> None:
        """Send what has been recorded, and record no more."""
        self._provider.shutdown()


class _Recorded:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        self.recording = span.is_recording()

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def fail(self, error: str) -> None:
        self._span.set_attribute(names.ERROR_TYPE, error)
        self._span.set_status(Status(StatusCode.ERROR))


_own: ContextVar[Parent | None] = ContextVar("own", default=None)
"""The ids that the next span is to have."""


class _Ids(IdGenerator):
    """Random ids, but where a span's are known before it is recorded."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_span_id(self) -> int:
        own = _own.get()
        return int(own.span, 16) if own else self._random.generate_span_id()

    def generate_trace_id(self) -> int:
        own = _own.get()
        return int(own.trace, 16) if own else self._random.generate_trace_id()


def _within(parent: Parent | None) -> Context | None:
    if parent is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    context = SpanContext(
        int(parent.trace, 16), int(parent.span, 16), is_remote=True, trace_flags=flags
    )
    return set_span_in_context(NonRecordingSpan(context), Context())
