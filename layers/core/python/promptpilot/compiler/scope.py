"""Which variables an expression can use at a place in a workflow."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Scope:
    """`names` have certainly been assigned when this place is reached; `reachable` says whether it
    ever is.
    """

    names: frozenset[str] = frozenset({"input"})
    reachable: bool = True

    def with_names(self, *names: str) -> "Scope":
        """The scope after these have been assigned."""
        return replace(self, names=self.names | set(names))

    def ended(self) -> "Scope":
        """The scope after the execution has ended."""
        return replace(self, reachable=False)
