"""Beginning to record traces, where somebody is to get them."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import SecretStr

from promptpilot.adapters.otlp_headers import read_headers
from promptpilot.errors import PromptPilotError
from promptpilot.settings import Settings
from promptpilot.telemetry.spans import install

if TYPE_CHECKING:
    from promptpilot.adapters.otlp import OtlpTracer

logger = logging.getLogger(__name__)

ReadHeaders = Callable[[], SecretStr | None]


def _no_further_headers() -> None:
    """The variables hold all of them."""


def start_tracing(
    settings: Settings, headers: ReadHeaders = _no_further_headers
) -> "OtlpTracer | None":
    """Record spans from now on, where the settings name a collector; None where they do not.

    `headers` is asked, then alone, for headers that are no variable. Where they cannot be had, or
    the library is not installed, there are no traces, and a warning: to serve matters more.
    """
    if not settings.traces:
        return None
    try:
        tracer = _tracer(settings, headers())
    except PromptPilotError as error:
        logger.warning("there are no traces: the collector's headers are not to be had: %s", error)
        return None
    except ImportError as error:
        logger.warning("there are no traces: %s is not installed", error.name)
        return None
    install(tracer)
    return tracer


def _tracer(settings: Settings, headers: SecretStr | None) -> "OtlpTracer":
    further = None if headers is None else read_headers(headers.get_secret_value())
    from promptpilot.adapters.otlp import OtlpTracer  # noqa: PLC0415 - takes half a second

    return OtlpTracer(headers=further, captures_content=settings.captures_content)
