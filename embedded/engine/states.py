"""The states of one scope: of a machine, a branch or an iteration."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class States(Generic[S]):
    """The states by name, and the one to begin with."""

    start_at: str
    by_name: Mapping[str, S]
