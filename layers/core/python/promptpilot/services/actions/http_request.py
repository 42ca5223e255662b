"""The action `http.request`: one HTTP request, and its answer as the result."""

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

from promptpilot.domain.json_value import json_fault
from promptpilot.ports.egress import OutboundAnswer, OutboundRequest
from promptpilot.retry_after import retry_after_seconds
from promptpilot.services.actions.action import ActionContext
from promptpilot.step_errors import (
    ActionRateLimited,
    ActionRejected,
    ActionUnavailable,
    StepInvalid,
)

MASK = "***"

_SECRET = re.compile(
    r"auth|cookie|key|token|secret|password|signature|credential|session", re.IGNORECASE
)
"""Headers and query parameters whose values are nobody's to read in a log."""
_USER = re.compile(r"(?<=//)[^/?#]*@")
_QUERY = re.compile(r"\?[^#]*")
_PARAMETER = re.compile(r"([^?&=]+)=([^&]*)")
_TEXT = {"type": ["string", "number", "integer", "boolean"]}
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_CHARSETS = re.compile(
    r"ascii|big5\w*|cp\d+|euc_\w+|gb\w+|iso2022_\w+|iso8859-\d+|koi8[-_]\w+|mac-\w+|shift_jis\w*|tis-620"
    r"|utf-8(-sig)?|utf-16(-[bl]e)?|utf-32(-[bl]e)?"
)
"""Charsets of texts, by their names in Python. Others that it knows are no charsets, and a server
could choose one that takes minutes (`punycode`).
"""
_TOO_MANY = 429
_TIMED_OUT = 408


class HttpRequest:
    """An `Action`. The result is {status, headers, body}: the body parsed where it is JSON, else
    text. A status from 400 on fails the step, unless `accept` lists it.
    """

    name = "http.request"
    arguments: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "method": {
                "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                "description": "GET where none is given.",
            },
            "url": {"type": "string", "minLength": 1, "maxLength": 8_000},
            "headers": {"type": "object", "additionalProperties": _TEXT},
            "query": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [_TEXT, {"type": "array", "items": _TEXT}, {"type": "null"}]
                },
                "description": "Added to the URL; null leaves a parameter out.",
            },
            "body": {"description": "Any JSON, sent as such."},
            "text": {"type": "string", "description": "Sent instead of `body`, as it is."},
            "timeout": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Seconds, at most those of the step.",
            },
            "accept": {
                "type": "array",
                "items": {"type": "integer", "minimum": 400, "maximum": 599},
                "description": "Statuses that are results and no failures.",
            },
        },
        "required": ["url"],
        "additionalProperties": False,
        "not": {"required": ["body", "text"]},
    }

    def shown(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of headers and parameters that look like credentials are masked, and so are
        those in the URL.
        """
        masked: dict[str, Any] = {
            place: {name: MASK if _SECRET.search(name) else each for name, each in given.items()}
            for place in ("headers", "query")
            if isinstance(given := arguments.get(place), Mapping)
        }
        if isinstance(url := arguments.get("url"), str):
            masked["url"] = _shown_url(url)
        return {**arguments, **masked}

    async def run(self, arguments: Mapping[str, Any], context: ActionContext) -> Any:
        """Send it. Raises as `Egress.send`, and an `ActionError` by the status."""
        seconds = min(float(arguments.get("timeout", context.seconds)), context.seconds)
        request = OutboundRequest(
            method=arguments.get("method", "GET"),
            url=_url(arguments),
            headers=_headers(arguments),
            body=_body(arguments),
            timeout=seconds,
        )
        answer = await context.egress.send(request, context.rules)
        _check(answer, arguments.get("accept", ()))
        return {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": _parsed(answer),
        }


def _shown_url(url: str) -> str:
    """By its looks alone: what is no URL is shown too."""

    def shown(parameter: re.Match[str]) -> str:
        name, value = parameter.groups()
        return f"{name}={MASK if _SECRET.search(unquote_plus(name)) else value}"

    url = _USER.sub(f"{MASK}@", url, count=1)
    return _QUERY.sub(lambda query: _PARAMETER.sub(shown, query[0]), url, count=1)


def _url(arguments: Mapping[str, Any]) -> str:
    given: str = arguments["url"]
    query = {
        name: [_text(each) for each in (value if isinstance(value, list) else [value])]
        for name, value in arguments.get("query", {}).items()
        if value is not None
    }
    if not query:
        return given
    try:
        parts = urlsplit(given)
    except ValueError as error:
        raise StepInvalid(reason="The URL cannot be read.") from error
    added = "&".join(filter(None, (parts.query, urlencode(query, doseq=True))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, added, ""))


def _headers(arguments: Mapping[str, Any]) -> dict[str, str]:
    headers = {name: _text(value) for name, value in arguments.get("headers", {}).items()}
    if "content-type" in {name.lower() for name in headers}:
        return headers
    if "body" in arguments:
        headers["Content-Type"] = "application/json"
    elif "text" in arguments:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    return headers


def _body(arguments: Mapping[str, Any]) -> bytes:
    if "text" in arguments:
        return str(arguments["text"]).encode()
    if "body" in arguments:
        return json.dumps(arguments["body"], ensure_ascii=False).encode()
    return b""


def _text(value: Any) -> str:
    """As JSON writes it: `true`, and not `True`."""
    return value if isinstance(value, str) else json.dumps(value)


def _check(answer: OutboundAnswer, accepted: Any) -> None:
    status = answer.status
    if status < 400 or status in accepted:  # the first of the failures
        return
    told = f"The server answered with the status {status}."
    if status == _TOO_MANY:
        raise ActionRateLimited(reason=told, retry_after=retry_after_seconds(answer.headers))
    if status == _TIMED_OUT or status >= 500:
        raise ActionUnavailable(reason=told)
    raise ActionRejected(reason=told)


def _parsed(answer: OutboundAnswer) -> Any:
    """The body as JSON where it says that it is and is, or else as text."""
    kind = answer.headers.get("content-type", "")
    text = answer.body.decode(_charset(kind), "replace")
    if not _JSON.match(kind.strip()):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if json_fault(value) else value


def _charset(content_type: str) -> str:
    """UTF-8 where none is named that is one."""
    named = _CHARSET.search(content_type)
    try:
        found = codecs.lookup(named.group(1)).name if named else ""
    except LookupError:
        found = ""
    return found if _CHARSETS.fullmatch(found) else "utf-8"
