"""Errors as RFC 9457 problem documents: one table from error class to HTTP status."""

import json
from http import HTTPStatus
from typing import Any

from functions.api import refusals
from promptpilot import errors, step_errors
from promptpilot.errors import PromptPilotError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:promptpilot:problem:"

STATUS: dict[type[PromptPilotError], HTTPStatus] = {
    PromptPilotError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CursorInvalid: HTTPStatus.BAD_REQUEST,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.CredentialsRejected: HTTPStatus.UNAUTHORIZED,
    errors.LogInIncomplete: HTTPStatus.FORBIDDEN,
    errors.SignUpClosed: HTTPStatus.FORBIDDEN,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.RevisionConflict: HTTPStatus.PRECONDITION_FAILED,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    step_errors.StepError: HTTPStatus.BAD_GATEWAY,
    step_errors.StepTimedOut: HTTPStatus.GATEWAY_TIMEOUT,
    step_errors.StepInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    step_errors.BudgetExceeded: HTTPStatus.PAYMENT_REQUIRED,
    step_errors.ModelRateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    step_errors.ModelOverloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    step_errors.ModelTimeout: HTTPStatus.GATEWAY_TIMEOUT,
    step_errors.ModelUnknown: HTTPStatus.UNPROCESSABLE_ENTITY,
    step_errors.ModelRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    step_errors.ContextTooLong: HTTPStatus.UNPROCESSABLE_ENTITY,
    step_errors.ModelRejectedRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    refusals.JsonInvalid: HTTPStatus.BAD_REQUEST,
    refusals.MediaTypeUnsupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    refusals.PathUnknown: HTTPStatus.NOT_FOUND,
    refusals.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    refusals.RequestTimedOut: HTTPStatus.REQUEST_TIMEOUT,
    refusals.NotHttp: HTTPStatus.BAD_REQUEST,
    refusals.HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}
"""An error that is not here has the status of its nearest ancestor that is."""

_NOT_SHOWN = frozenset({"reason", "operation"})
"""`reason` is in the detail already; `operation` is the position in a transaction of ours."""


def status_of(error: type[PromptPilotError]) -> HTTPStatus:
    """The HTTP status that an error class gets."""
    return next(STATUS[each] for each in error.__mro__ if each in STATUS)


def title_of(code: str) -> str:
    """The short name of a kind of problem, the same for each one of its code."""
    return code.replace("_", " ").capitalize()


def problem(error: PromptPilotError, request_id: str) -> dict[str, Any]:
    """The answer to a request that ended in `error`, as a Lambda proxy response."""
    status = status_of(type(error))
    shown = {name: value for name, value in error.data().items() if name not in _NOT_SHOWN}
    body = {
        "type": TYPE_PREFIX + error.code,
        "title": title_of(error.code),
        "status": status.value,
        "detail": str(error),
        "code": error.code,
        "request_id": request_id,
        **shown,
    }
    return {
        "statusCode": status.value,
        "headers": _headers(error),
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def _headers(error: PromptPilotError) -> dict[str, str]:
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, round(retry_after)))
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="promptpilot"'
    if isinstance(error, refusals.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, refusals.MediaTypeUnsupported):
        headers["Accept"] = ", ".join(error.accepted)
    return headers
