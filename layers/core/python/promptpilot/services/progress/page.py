"""Filling one answer with what is to be told of an execution, as far as there is room."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from promptpilot.domain.progress import EndEvent, ProgressEvent, StateEvent, TextEvent
from promptpilot.ports.orchestrator import HistoryEvent
from promptpilot.services.progress.cursor import Told
from promptpilot.services.progress.places import Place
from promptpilot.services.progress.states import States

MOST_BYTES = 100_000
"""Of the items of one answer as JSON: it has to pass a WebSocket (128 KiB)."""

PIECE_CHARACTERS = 16_000
"""Of one piece of text: JSON makes at most six bytes of a character."""

_EVENT_BYTES = 250
"""What an item has besides its words."""

TextOf = Callable[[str], str | None]
"""The recorded text of the step of that log; None where it has none."""


@dataclass(slots=True)
class Page:
    """What one answer tells; `told` and `states` go along with it."""

    told: Told
    states: States
    limit: int
    items: list[ProgressEvent] = field(default_factory=list)
    _bytes: int = 0
    _full: bool = False

    @property
    def full(self) -> bool:
        """Whether there was something that had no room."""
        return self._full

    def tell_states(self, events: Sequence[HistoryEvent], text_of: TextOf | None) -> None:
        """Tell what states did. With `text_of`, what is missing of a step's text comes before it is
        left.
        """
        for event in events:
            log = self.states.log_of(event) if text_of is not None else None
            if log is not None and text_of is not None:
                place = self.states.places[event.state]
                iteration = self.states.iteration_of(event, place)
                self.tell_text(log, text_of(log), place, iteration)
            if not self._has_room(_EVENT_BYTES + 2 * len(event.state) + len(event.error or "")):
                return
            told = self.states.read(event)
            self.told.last = event.id
            if log is not None:
                self.told.texts.pop(log, None)
            if told is not None:
                self._add(told)

    def tell_running(self, texts: Mapping[str, str]) -> None:
        """Tell what models say in the steps that are under way, by log."""
        for log, text in texts.items():
            step = self.states.calling.get(log)
            if step is not None:
                self.tell_text(log, text, step.place, step.iteration)

    def tell_text(self, log: str, text: str | None, place: Place, iteration: str | None) -> None:
        """Tell what the client does not have of a text, all of it where it has another."""
        for offset, piece in pieces(text or "", self._heard(log, text or "")):
            if not self._has_room(_EVENT_BYTES + _json_bytes(piece)):
                return
            self._add(
                TextEvent(
                    log=log,
                    step=place.step,
                    path=place.path,
                    iteration=iteration,
                    offset=offset,
                    text=piece,
                )
            )
            self.told.hear(log, (text or "")[: offset + len(piece)])

    def tell_end(self, end: EndEvent, resumes: int) -> None:
        """Tell that the execution has ended, once for each time that it does."""
        if self.told.end < resumes and self._has_room(_EVENT_BYTES):
            self._add(end)
            self.told.end = resumes

    def _heard(self, log: str, text: str) -> int:
        heard = self.told.texts.get(log)
        return heard.length if heard is not None and heard.begins(text) else 0

    def _has_room(self, size: int) -> bool:
        if self._full or len(self.items) >= self.limit or self._bytes + size > MOST_BYTES:
            self._full = True
            return False
        self._bytes += size
        return True

    def _add(self, item: StateEvent | TextEvent | EndEvent) -> None:
        self.items.append(item)


def pieces(text: str, start: int) -> Iterator[tuple[int, str]]:
    """A text from `start` on in pieces that fit a message, each with its offset."""
    for offset in range(start, len(text), PIECE_CHARACTERS):
        yield offset, text[offset : offset + PIECE_CHARACTERS]


def _json_bytes(text: str) -> int:
    return len(text.encode(errors="replace")) + 5 * sum(map(_is_escaped, text))


def _is_escaped(character: str) -> bool:
    return character < " " or character in '"\\'
