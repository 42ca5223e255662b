"""When and how often a failed step is tried again."""

import difflib
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from promptpilot.domain.duration import Duration, between, seconds_of
from promptpilot.domain.written import Written
from promptpilot.step_errors import step_error_names

TIMEOUT, HEARTBEAT_TIMEOUT = "States.Timeout", "States.HeartbeatTimeout"
MACHINE_ERRORS = (TIMEOUT, HEARTBEAT_TIMEOUT)
"""What a state machine itself reports of a step: over its time, or its worker is silent."""

DEFAULT_ERRORS = (
    "ModelRateLimited",
    "ModelOverloaded",
    "ModelTimeout",
    "ModelUnavailable",
    "ActionUnavailable",
    "ActionRateLimited",
    "StepTimedOut",
    HEARTBEAT_TIMEOUT,
)
"""What may well go away by itself."""

MAX_ATTEMPTS = 100_000_000
"""Step Functions allows one retry less."""

DEFAULT_MAX_INTERVAL_SECONDS = 30

_KNOWN = (*step_error_names(), *MACHINE_ERRORS)


def _known(name: str) -> str:
    if name in _KNOWN:
        return name
    near = difflib.get_close_matches(name, _KNOWN, n=1)
    raise PydanticCustomError(
        "error_unknown",
        "There is no error {name}.{hint}",
        {"name": repr(name[:80]), "hint": f" Did you mean {near[0]}?" if near else ""},
    )


ErrorName = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": sorted(_KNOWN)})
]


class Retry(Written):
    """How often a step is tried, after which pauses, and upon which errors.

    `attempts` counts all tries, the first one too: 1 is no retry. The first pause is `interval`;
    each further one is `backoff` times as long, up to `max_interval` (30 seconds, or the interval
    where that is longer). With full jitter a pause is random between nothing and that long. An
    error class in `on` stands for those that derive from it: `ModelError` for all model errors.
    """

    attempts: Annotated[int, Field(ge=1, le=MAX_ATTEMPTS)] = 3
    interval: Annotated[Duration, between("1s", "365d")] = "1s"
    backoff: Annotated[float, Field(ge=1, le=1_000, allow_inf_nan=False)] = 2.0
    max_interval: Annotated[Duration, between("1s", "365d")] | None = None
    jitter: Literal["full", "none"] = "full"
    on: Annotated[tuple[ErrorName, ...], Field(min_length=1, max_length=50)] = DEFAULT_ERRORS

    @model_validator(mode="after")
    def _in_order(self) -> "Retry":
        if self.max_interval_seconds < self.interval_seconds:
            raise PydanticCustomError(
                "max_interval_too_short", "`max_interval` must not be shorter than `interval`."
            )
        return self

    @property
    def interval_seconds(self) -> int:
        """The first pause."""
        return seconds_of(self.interval)

    @property
    def max_interval_seconds(self) -> int:
        """The longest pause."""
        if self.max_interval is None:
            return max(DEFAULT_MAX_INTERVAL_SECONDS, self.interval_seconds)
        return seconds_of(self.max_interval)

    @property
    def errors(self) -> tuple[str, ...]:
        """The names of the errors upon which to try again, one for each class, without repeats."""
        names = (step_error_names(name) or (name,) for name in self.on)
        return tuple(dict.fromkeys(each for group in names for each in group))
