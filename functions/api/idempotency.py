"""`Idempotency-Key`: a request that is sent again gets the first one's answer, and acts once.

The key belongs to a user in a workspace. Its item first marks the request as under way, with a
lease in case the process dies, and then holds the answer for a day. Kept are the answers that the
same request would get again: success, and refusals that are about the request. An answer that may
be another one in a moment (5xx, 429, a missing permission) is not, and the key may be used again
at once. An answer too
large for an item goes to the blobs, with the item pointing to it.

Between the change and the keeping of its answer the process may die; sent again after the lease,
the request then acts a second time.
"""

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel

from functions.api import problems
from functions.api.operation import Answer
from functions.api.principal import caller
from functions.api.refusals import FieldFault, RequestInFlight, ValidationFailed
from functions.api.requests import HttpRequest
from promptpilot import keys
from promptpilot.clock import epoch_ms
from promptpilot.domain.principal import Principal
from promptpilot.errors import ConditionFailed, IdempotencyConflict, PromptPilotError, Unavailable
from promptpilot.platform import current
from promptpilot.ports.table import Create, Delete, Item, Key, Replace

logger = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY_LENGTH = 255
LEASE_SECONDS = 60
KEPT_SECONDS = 24 * 3600
MAX_INLINE_BYTES = 100_000
"""A larger body is kept as a blob, well before an item would be too large."""

_PASSING = frozenset({401, 403, 408, 425, 429})


class Outcome(BaseModel):
    """What the item holds. `blob` is the digest of a body that is kept apart."""

    fingerprint: str
    state: Literal["in_flight", "done"]
    status: int = 0
    headers: Mapping[str, str] = {}
    body: str = ""
    encoded: bool = False
    blob: str | None = None


def idempotent(request: HttpRequest, run: Callable[[], Answer]) -> Answer:
    """Around a route that creates or starts something: act once for each `Idempotency-Key`."""
    key = request.headers_sent.get(HEADER.lower())
    if key is None:
        return run()
    _check_key(key)
    principal: Principal = request.solved[caller]
    digest = hashlib.sha256(key.encode()).hexdigest()
    item_key = keys.idempotency(principal.workspace, principal.user, digest)
    fingerprint = _fingerprint(request)
    marker = _begin(item_key, fingerprint)
    if isinstance(marker, Outcome):
        return _replay(marker, fingerprint, principal.workspace)
    return _first(marker, fingerprint, principal.workspace, run, request)


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        message = f"It must be 1 to {MAX_KEY_LENGTH} printable ASCII characters."
        fault = FieldFault(part="header", at=f"/{HEADER}", code="key_invalid", message=message)
        raise ValidationFailed(faults=(fault,))


def _fingerprint(request: HttpRequest) -> str:
    sent = request.content()
    parts = (
        request.method,
        request.route.format(**request.path_parameters),
        request.event.get("rawQueryString") or "",
    )
    hasher = hashlib.sha256("\n".join(parts).encode())
    hasher.update(b"\n")
    hasher.update(sent if isinstance(sent, bytes) else sent.encode())
    return hasher.hexdigest()


def _begin(key: Key, fingerprint: str) -> Item | Outcome:
    """The marker now written, or the outcome that is there already."""
    table = current().table
    outcome = Outcome(fingerprint=fingerprint, state="in_flight")
    marker = Item(
        key=key,
        kind="idempotency",
        body=outcome.model_dump_json(),
        # No other request with this key has the same, so none takes another's mark for its own.
        revision=epoch_ms(),
        expires_at=_from_now(LEASE_SECONDS),
    )
    try:
        table.write([Create(marker)])
    except ConditionFailed:
        item = table.get(key)
        if item is None:  # it expired, or its request failed, just now
            raise RequestInFlight from None
        return Outcome.model_validate_json(item.body)
    return marker


def _replay(outcome: Outcome, fingerprint: str, workspace: str) -> Answer:
    if outcome.fingerprint != fingerprint:
        raise IdempotencyConflict
    if outcome.state == "in_flight":
        raise RequestInFlight
    body = outcome.body
    if outcome.blob is not None:
        data = current().blobs.get(workspace, outcome.blob)
        body = base64.b64encode(data).decode() if outcome.encoded else data.decode()
    return {
        "statusCode": outcome.status,
        "headers": {**outcome.headers, REPLAYED: "true"},
        "body": body,
        "isBase64Encoded": outcome.encoded,
    }


def _first(
    marker: Item, fingerprint: str, workspace: str, run: Callable[[], Answer], request: HttpRequest
) -> Answer:
    ended = False
    try:
        answer = _run(run, request)
        ended = True
    finally:
        if not ended:
            _forget(marker)
    _keep(marker, fingerprint, workspace, answer)
    return answer


def _run(run: Callable[[], Answer], request: HttpRequest) -> Answer:
    try:
        return run()
    except PromptPilotError as error:
        status = problems.status_of(type(error))
        if not _lasts(status):
            raise
        return problems.problem(error, request.event["requestContext"]["requestId"])


def _lasts(status: int) -> bool:
    return status < 500 and status not in _PASSING


def _keep(marker: Item, fingerprint: str, workspace: str, answer: Answer) -> None:
    try:
        outcome = _outcome(fingerprint, workspace, answer)
        item = replace(marker.next(outcome.model_dump_json()), expires_at=_from_now(KEPT_SECONDS))
        current().table.write([Replace(item)])
    except (ConditionFailed, Unavailable) as error:
        # The lease ran out, or the store did. The request has been done, and its answer says so.
        logger.warning("the answer to an idempotent request was not kept: %s", error.code)


def _outcome(fingerprint: str, workspace: str, answer: Answer) -> Outcome:
    body: str = answer["body"]
    encoded: bool = answer["isBase64Encoded"]
    blob = None
    if len(body) > MAX_INLINE_BYTES:
        data = base64.b64decode(body) if encoded else body.encode()
        body, blob = "", current().blobs.put(workspace, data)
    return Outcome(
        fingerprint=fingerprint,
        state="done",
        status=answer["statusCode"],
        headers=answer["headers"],
        body=body,
        encoded=encoded,
        blob=blob,
    )


def _forget(marker: Item) -> None:
    try:
        current().table.write([Delete(marker.key, revision=marker.revision)])
    except (ConditionFailed, Unavailable) as error:
        # The lease will end by itself.
        logger.warning("the mark of an idempotent request was not removed: %s", error.code)


def _from_now(seconds: int) -> int:
    return epoch_ms() // 1000 + seconds
