"""The `EventBus` of the AWS platform, in EventBridge."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from promptpilot.bus_event import bus_entry
from promptpilot.domain.event import Event
from promptpilot.errors import TooLarge, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

MAX_ENTRIES = 10
"""How many entries one request may have (EventBridge's limit)."""

MAX_REQUEST_BYTES = 256 * 1024
"""How large the entries of one request may be together (EventBridge's limit)."""

TIME_BYTES = 14
"""What an entry's time counts, whatever it is."""

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""The longest pauses, in seconds, before entries are sent again that EventBridge did not take."""


@dataclass(frozen=True, slots=True)
class _Entry:
    subject: tuple[str, str]
    fields: Mapping[str, Any]
    size: int


class EventBridgeBus:
    """An `EventBus` on the bus of that name.

    EventBridge takes or refuses each entry of a request for itself, so a refused event could be
    passed by the next one of its subject. No request has two of one subject, therefore.
    """

    def __init__(
        self, client: "EventBridgeClient", bus_name: str, *, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._pauses = pauses

    def publish(self, events: Sequence[Event]) -> None:
        """See `EventBus.publish`. Raises `TooLarge` before anything is sent, and `Unavailable`
        where some may not have been taken.
        """
        waiting = [self._entry(event) for event in events]
        pauses = iter(self._pauses)
        while waiting:
            request = list(_next_request(waiting))
            refusals = self._put(request)
            taken = {id(entry) for entry, code in zip(request, refusals, strict=True) if not code}
            waiting = [entry for entry in waiting if id(entry) not in taken]
            if len(taken) < len(request):
                _pause(pauses, refusals)

    def _entry(self, event: Event) -> _Entry:
        fields = {**bus_entry(event), "EventBusName": self._bus_name}
        counted = (fields["Source"], fields["DetailType"], fields["Detail"])
        size = TIME_BYTES + sum(len(text.encode()) for text in counted)
        if size > MAX_REQUEST_BYTES:
            raise TooLarge("An event", MAX_REQUEST_BYTES, size)
        return _Entry((event.workspace, event.subject), fields, size)

    def _put(self, request: Sequence[_Entry]) -> list[str]:
        """For each entry why it was refused, "" where it was taken."""
        entries: Any = [entry.fields for entry in request]
        try:
            answer = self._client.put_events(Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable() from error
        return [entry.get("ErrorCode", "") for entry in answer["Entries"]]


def _next_request(waiting: Sequence[_Entry]) -> Iterator[_Entry]:
    """What goes next: the first of each subject, as far as the request has room."""
    subjects: set[tuple[str, str]] = set()
    count, room = 0, MAX_REQUEST_BYTES
    for entry in waiting:
        if count == MAX_ENTRIES or entry.size > room:
            return
        if entry.subject not in subjects:
            subjects.add(entry.subject)
            count, room = count + 1, room - entry.size
            yield entry


def _pause(pauses: Iterator[float], refusals: Sequence[str]) -> None:
    pause = next(pauses, None)
    if pause is None:
        raise _unavailable(*refusals)
    time.sleep(pause * random.random())  # noqa: S311  spreads retries, keeps no secret


def _unavailable(*refusals: str) -> Unavailable:
    codes = ", ".join(sorted(filter(None, set(refusals))))
    told = f" ({codes})" if codes else ""
    return Unavailable(reason=f"The event bus did not take every event{told}.")
