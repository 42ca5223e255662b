"""The steps of a document as the compiler sees them: with their places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from promptpilot.domain.workflow_steps import Step

S_co = TypeVar("S_co", bound=Step, covariant=True)

Place = tuple[str | int, ...]
"""Where in a step a block of steps stands, as the parts of a JSON pointer."""


@dataclass(frozen=True, slots=True)
class Node(Generic[S_co]):
    """A well-formed step. `at` is its JSON pointer, `path` the ids that lead to it, `ordinal` its
    position in reading order from 1. The steps that it holds are in `blocks`; in `step` itself
    others stand in for them.
    """

    step: S_co
    at: str
    path: str
    ordinal: int
    blocks: Mapping[Place, "Block"] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The step's id."""
        return self.step.id

    def inner(self, *place: str | int) -> "Block":
        """The steps of a block; none where it has been left out."""
        return self.blocks.get(place, ())


@dataclass(frozen=True, slots=True)
class Broken:
    """A step with a problem of form. Others may still refer to its id, and what it holds is still
    checked for its form.
    """

    id: str | None
    at: str
    blocks: Mapping[Place, "Block"] = field(default_factory=dict)


Block = tuple[Node[Any] | Broken, ...]
"""Steps that run one after another."""


def well_formed(block: Block) -> list[Node[Any]]:
    """The steps of a block that can be compiled; all of them, once it is checked."""
    return [node for node in block if isinstance(node, Node)]


def with_inner(block: Block) -> Iterator[Node[Any] | Broken]:
    """The steps of a block and all that they hold, in reading order."""
    for node in block:
        yield node
        for inner in node.blocks.values():
            yield from with_inner(inner)
