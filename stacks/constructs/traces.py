"""Where functions send the spans that they record, and the right to what they send them with."""

from stacks.constructs import secrets
from stacks.constructs.function import Function
from stacks.settings import Settings


def variables(settings: Settings) -> dict[str, str]:
    """For functions that record spans; none where nobody collects them."""
    traces = settings.traces
    if traces is None:
        return {}
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": str(traces.endpoint)}
    if traces.sampled < 1:
        told |= {
            "OTEL_TRACES_SAMPLER": "traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": str(traces.sampled),
        }
    return told | secrets.variables(settings)


def allow_sending(function: Function, settings: Settings) -> None:
    """Let `function` read the headers that the collector wants."""
    if settings.traces is not None:
        secrets.allow_traces_headers(function, settings)
