"""Logs: one JSON object a line, with the fields that Powertools' logger gives them on Lambda.

Modules log through `logging.getLogger(__name__)` and put what varies into `extra`. Nothing is
appended to a logger for later lines: requests run at the same time, and would get each other's.
Contents of prompts, headers and tokens are never logged.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

SERVICE = "promptpilot"

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__)
"""What every record has; the rest came from `extra`."""

_encode = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode


class Lines(Protocol):
    """Where log lines go."""

    def write(self, text: str, /) -> object:
        """Take one line, which ends with a newline."""
        ...

    def flush(self) -> object:
        """Nothing is kept back after this."""
        ...


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with its extra fields, and its exception where it has one."""
        fields: dict[str, Any] = {
            "level": record.levelname,
            "timestamp": timestamp(int(record.created * 1000)),
            "service": SERVICE,
            "logger": record.name,
            "message": record.getMessage(),
        }
        known = record.__dict__
        if len(known) > len(_STANDARD):
            fields |= {name: known[name] for name in known.keys() - _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["exception_name"] = type(error).__name__
            fields["exception"] = "".join(traceback.format_exception(error))
        return _encode(fields)


def timestamp(epoch_ms: int) -> str:
    """A moment as log lines write it: ISO 8601, UTC, with milliseconds."""
    return f"{_second(epoch_ms // 1000)}.{epoch_ms % 1000:03d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def log_as_json(lines: Lines, level: int = logging.INFO) -> logging.Handler:
    """Send every logger's records to `lines`. Returns the handler, to take it off again."""
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    return handler
