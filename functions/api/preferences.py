"""The `Prefer` header (RFC 7240): how long a client would wait for an answer."""

import re
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.openapi.params import Header

MAX_WAIT_SECONDS = 30
"""API Gateway gives up a little later."""

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


def wait_seconds(
    prefer: Annotated[
        str | None,
        Header(
            alias="Prefer",
            description="`wait=30`: wait up to that many seconds (at most 30) for the end.",
        ),
    ] = None,
) -> int:
    """How many seconds the client would wait; 0 where it did not say."""
    found = _WAIT.search(prefer) if prefer else None
    return min(int(found[1]), MAX_WAIT_SECONDS) if found else 0


def wait_applied(seconds: int) -> dict[str, str]:
    """The header that says that the client's wish was honoured."""
    return {"Preference-Applied": f"wait={seconds}"}


WaitSeconds = Annotated[int, Depends(wait_seconds)]
