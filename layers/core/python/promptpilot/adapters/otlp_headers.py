"""Headers that a collector of traces wants, as the text `name=value,name=value`."""

import re
from urllib.parse import unquote

from promptpilot.errors import Invalid

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")


def read_headers(text: str) -> dict[str, str]:
    """The headers, with percent-encoding undone (OpenTelemetry Protocol Exporter specification,
    "Specifying headers via environment variables").

    Raises `Invalid`, which does not show the text: it may hold a token. OpenTelemetry's own reader
    logs what it cannot read.
    """
    headers: dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, _, value = (each.strip() for each in pair.partition("="))
        value = unquote(value)
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Invalid(reason="They have to be name=value pairs with commas between them.")
        headers[name.lower()] = value
    return headers
