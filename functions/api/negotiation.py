"""Which form of a document the client takes: JSON, or YAML where that is preferred."""

import re
from collections.abc import Iterator
from typing import Annotated, cast

from aws_lambda_powertools.event_handler import Depends, Request

from functions.api.body import JSON, YAML_TYPES
from functions.api.requests import HttpRequest

_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


def wants_yaml(request: Request) -> bool:
    """Whether `Accept` prefers YAML to JSON (RFC 9110, 12.5.1). What it does not say is JSON, and
    so is what takes neither: an answer says more than a refusal.
    """
    accept = cast("HttpRequest", request).headers_sent.get("accept", "")
    asked = dict(_qualities(accept))
    yaml = max((asked[name] for name in YAML_TYPES if name in asked), default=0.0)
    return yaml > next((asked[name] for name in (JSON, "application/*", "*/*") if name in asked), 0)


def _qualities(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        kind, *parameters = part.split(";")
        found = next(filter(None, map(_QUALITY.fullmatch, parameters)), None)
        yield kind.strip().lower(), float(found[1]) if found else 1.0


YamlWanted = Annotated[bool, Depends(wants_yaml)]
