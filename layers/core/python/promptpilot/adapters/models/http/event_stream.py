"""Server-sent events, as far as model servers use them: the data of one event after another.

The format is WHATWG HTML's: lines that end with CR, LF or both; `data` fields of one event are
joined by line feeds; an empty line ends an event; comments and other fields are passed over.
"""

import re
from codecs import getincrementaldecoder

_LINE_END = re.compile(r"\r\n|\n|\r")


class EventStream:
    """Takes bytes in pieces as they come, which may end within a character or a line end."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = ""
        self._unfinished: list[str] = []
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[str]:
        """The data of every event that this piece completes."""
        text = self._held + self._decode(piece)
        # A CR at the end may be half of a CR LF.
        self._held = "\r" if text.endswith("\r") else ""
        *lines, rest = _LINE_END.split(text.removesuffix(self._held))
        # What came before is not looked at again: a line may be long, and come in many pieces.
        if lines:
            lines[0] = "".join((*self._unfinished, lines[0]))
            self._unfinished.clear()
        if rest:
            self._unfinished.append(rest)
        return [data for line in lines if (data := self._line(line.removeprefix("\ufeff")))]

    def _line(self, line: str) -> str | None:
        """The data of the event that this line ends, if it ends one that has any."""
        if not line:
            data, self._data = self._data, []
            return "\n".join(data)
        field, _, value = line.partition(":")
        if field == "data":
            self._data.append(value.removeprefix(" "))
        return None
