"""The steps of a document as the compiler sees them: with their places."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from promptpilot.domain.workflow_steps import Step

S_co = TypeVar("S_co", bound=Step, covariant=True)


@dataclass(frozen=True, slots=True)
class Node(Generic[S_co]):
    """A well-formed step. `at` is its JSON pointer, `path` the ids that lead to it, `ordinal` its
    position in reading order from 1.
    """

    step: S_co
    at: str
    path: str
    ordinal: int

    @property
    def id(self) -> str:
        """The step's id."""
        return self.step.id


@dataclass(frozen=True, slots=True)
class Broken:
    """A step with a problem of form. Others may still refer to its id."""

    id: str | None
    at: str


Block = tuple[Node[Any] | Broken, ...]
"""Steps that run one after another."""


def well_formed(block: Block) -> list[Node[Any]]:
    """The steps of a block that can be compiled; all of them, once it is checked."""
    return [node for node in block if isinstance(node, Node)]
