"""What a worker does with a job."""

from dataclasses import dataclass
from typing import Any, Literal

END = "the end of the execution"


@dataclass(frozen=True)
class Act:
    """An answer and when it is given: when the step `after` has had a job too, when so many jobs
    of the step are in hand `together`, and some `seconds` later. Until then, so many `beats` are
    given, one every 0.4 seconds.
    """

    kind: Literal["succeed", "fail", "silent"]
    output: Any = None
    error: str = ""
    cause: str = ""
    after: str = ""
    together: int = 1
    seconds: float = 0
    beats: int = 0


def ok(output: Any = None, **when: Any) -> Act:
    """Succeed; without an output with {"output": name of the step}."""
    return Act("succeed", output, **when)


def fail(error: str, cause: str = "because", **when: Any) -> Act:
    return Act("fail", error=error, cause=cause, **when)


SILENT = Act("silent")
"""Take the job and never answer."""

LATE = ok(after=END)
"""Answer when it is too late."""
