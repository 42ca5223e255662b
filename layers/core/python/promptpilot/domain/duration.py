"""Durations as documents write them: a whole number and a unit, such as 90s, 5m, 3h or 30d."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_PATTERN = r"^[1-9]\d{0,8}[smhd]$"
_DURATION = re.compile(_PATTERN, re.ASCII)


def seconds_of(duration: str) -> int:
    """The whole seconds that a checked duration stands for."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def _checked(value: Any) -> Any:
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return value
    raise PydanticCustomError(
        "duration_invalid",
        "Must be a whole number and one of the units s, m, h and d: 90s, 5m, 3h or 30d.",
    )


Duration = Annotated[
    str, BeforeValidator(_checked), WithJsonSchema({"type": "string", "pattern": _PATTERN})
]
"""Step Functions counts whole seconds, so there is nothing finer."""


def between(shortest: str, longest: str) -> AfterValidator:
    """Refuses durations outside these two."""

    def check(duration: str) -> str:
        if not seconds_of(shortest) <= seconds_of(duration) <= seconds_of(longest):
            raise PydanticCustomError(
                "duration_out_of_range",
                "Must be from {shortest} to {longest}.",
                {"shortest": shortest, "longest": longest},
            )
        return duration

    return AfterValidator(check)
