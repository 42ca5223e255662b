"""The base of every domain model, and the types that many share."""

import hashlib
import json
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer


class Model(BaseModel):
    """Immutable, and strict about field names: an unknown one is refused by name.

    Its validator is made on first use, since a process on AWS uses few models in its life.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _iso_ms(moment: AwareDatetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[AwareDatetime, PlainSerializer(_iso_ms, return_type=str, when_used="json")]
"""UTC; written as ISO 8601 with milliseconds: `2026-11-24T09:30:00.000Z`."""


OMITTED = Field(exclude_if=lambda value: value is None)
"""What is not set is left out of what is written, for clients and for digests."""

NONE_OMITTED = Field(exclude_if=lambda value: not value)
"""What is empty is left out."""

NOTHING: Any = Field(default_factory=dict)
"""The default of a mapping that most leave out. Of `{}` pydantic makes a deep copy each time."""


def canonical_json(value: Any) -> str:
    """JSON text with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def same_json(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: in Python 1 equals true, and 1.0."""
    return canonical_json(left) == canonical_json(right)


def digest_of(value: Any) -> str:
    """SHA-256 in hex over the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
