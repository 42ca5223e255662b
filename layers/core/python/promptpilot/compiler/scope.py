"""Which variables an expression can use at a place in a workflow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce


@dataclass(frozen=True, slots=True)
class Scope:
    """`names` have certainly been assigned when this place is reached; `reachable` says whether it
    ever is. `items` are the variables of the maps around it.
    """

    names: frozenset[str] = frozenset({"input"})
    reachable: bool = True
    items: frozenset[str] = frozenset()

    def with_names(self, *names: str) -> "Scope":
        """The scope after these have been assigned."""
        return replace(self, names=self.names | set(names))

    def with_items(self, *names: str) -> "Scope":
        """The scope within a map, whose item these are."""
        return replace(self, names=self.names | set(names), items=self.items | set(names))

    def ended(self) -> "Scope":
        """The scope after the execution has ended."""
        return replace(self, reachable=False)


def joined(paths: Sequence[Scope]) -> Scope:
    """The scope where paths come together again: of those that get there, what all have assigned.

    Where none does, it is what all have assigned, and nothing gets there.
    """
    reaching = [path for path in paths if path.reachable] or paths
    names = reduce(frozenset.intersection, (path.names for path in reaching))
    return replace(reaching[0], names=names)
