"""Spans of requests."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from functions.api.app import api
from functions.api.operation import Answer
from promptpilot.errors import PromptPilotError
from promptpilot.telemetry import names, traceparent
from promptpilot.telemetry.spans import NO_SPAN, Span, span, tracer

OURS = 500
"""From this status on, what went wrong is on our side."""


def request_span(event: Mapping[str, Any]) -> AbstractContextManager[Span]:
    """Around one request, as a part of what its caller says it is a part of."""
    if tracer() is None:
        return NO_SPAN
    method = event["requestContext"]["http"]["method"]
    route = _route(event)
    attributes = {names.HTTP_METHOD: method, names.HTTP_ROUTE: route}
    above = traceparent.read((event.get("headers") or {}).get("traceparent"))
    return span(f"{method} {route}", "server", attributes, above)


def tell_answer(answer: Answer, told: Span) -> None:
    """How it was answered."""
    if not told.recording:
        return
    status = answer["statusCode"]
    told.set({names.HTTP_STATUS: status})
    if status >= OURS:
        told.fail(str(status))


def _route(event: Mapping[str, Any]) -> str:
    """The template of the path: names of spans hold no ids."""
    try:
        return api.route_of(event)
    except PromptPilotError:
        return "unknown"
