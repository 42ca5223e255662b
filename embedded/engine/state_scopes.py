"""The scopes of a machine while it is read: the machine itself, its branches and iterations."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from promptpilot.errors import Problem

Places = list[tuple[str, str]]
"""JSON pointers, and what is named there."""


@dataclass
class StateScope:
    """What is named in one scope. Of the whole machine are `states` by name, the names of its
    `maps`, and `problems`, what is wrong with it.
    """

    problems: list[Problem]
    outer: "StateScope | None" = None
    states: dict[str, "StateScope"] = field(default_factory=dict)
    maps: set[str] = field(default_factory=set)
    targets: Places = field(default_factory=list)
    assigned: Places = field(default_factory=list)
    inner: "list[StateScope]" = field(default_factory=list)

    def open(self) -> "StateScope":
        """A scope within this one."""
        scope = StateScope(self.problems, self, self.states, self.maps)
        self.inner.append(scope)
        return scope

    def name_state(self, name: str, at: str, *, is_map: bool) -> None:
        """A state of this scope; noted where the machine has another one of that name."""
        if name in self.states:
            message = f"There is another state {name!r} in this machine."
            self.problems.append(Problem(at, "duplicate_state", message))
        self.states[name] = self
        if is_map:
            self.maps.add(name)

    def check(self) -> None:
        """Note what leads out of its scope or nowhere, and each variable that is assigned both in a
        scope and in one around it, which Step Functions refuses too.
        """
        outer = set(self.outer_variables())
        for at, target in self.targets:
            if self.states.get(target) is not self:
                where = "is in another scope" if target in self.states else "does not exist"
                message = f"There is no state {target!r} to go on with: it {where}."
                self.problems.append(Problem(at, "unknown_state", message))
        for at, name in self.assigned:
            if name in outer:
                message = f"The variable {name} is assigned in an outer scope as well."
                self.problems.append(Problem(at, "variable_of_outer_scope", message))
        for scope in self.inner:
            scope.check()

    def outer_variables(self) -> Iterator[str]:
        """What the scopes around this one assign."""
        if self.outer is not None:
            yield from (name for _, name in self.outer.assigned)
            yield from self.outer.outer_variables()
