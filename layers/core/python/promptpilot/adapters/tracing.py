"""Beginning to record traces, where somebody is to get them."""

from typing import TYPE_CHECKING

from promptpilot.settings import Settings
from promptpilot.telemetry.spans import install

if TYPE_CHECKING:
    from promptpilot.adapters.otlp import OtlpTracer


def start_tracing(settings: Settings) -> "OtlpTracer | None":
    """Record spans from now on, where the settings name a collector; None where they do not."""
    if not settings.traces:
        return None
    from promptpilot.adapters.otlp import OtlpTracer  # noqa: PLC0415 - takes half a second

    tracer = OtlpTracer(captures_content=settings.captures_content)
    install(tracer)
    return tracer
