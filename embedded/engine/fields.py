"""Reading one JSON object of a state machine, with every problem noted where it stands."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from embedded.engine.evaluation import Field, anything
from embedded.engine.state_scopes import StateScope
from embedded.engine.templates import Constant, pointer_token
from promptpilot.errors import Problem

MAX_SECONDS = 99_999_999


class Fields:
    """The members of the object at the JSON pointer `at`, which belongs to a scope of states."""

    def __init__(self, value: Any, at: str, scope: StateScope) -> None:
        self.at = at
        self.scope = scope
        self.problems = scope.problems
        self._members: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            self.problem("", "wrong_type", "Must be an object.")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        """The members' names, in their order."""
        return list(self._members)

    def pointer(self, name: str) -> str:
        """Where the member stands; the object itself for ""."""
        return f"{self.at}/{pointer_token(name)}" if name else self.at

    def problem(self, name: str, code: str, message: str) -> None:
        """Note a problem with a member, or with the object itself for ""."""
        self.problems.append(Problem(self.pointer(name), code, message))

    def allow(self, *names: str) -> None:
        """Note every member that is none of `names`."""
        for name in sorted(set(self._members).difference(names)):
            self.problem(name, "unknown_field", f"There is no field {name} here.")

    def value(self, name: str) -> Any:
        """The member as it is, or None."""
        return self._members.get(name)

    def inner(self, name: str) -> "Fields":
        """The members of an object that is a member; noted where it is missing or none."""
        return Fields(self._members.get(name), self.pointer(name), self.scope)

    def inner_scope(self) -> "Fields":
        """The same members, in a scope of states within."""
        return Fields(self._members, self.at, self.scope.open())

    def each(self, name: str) -> list["Fields"]:
        """The objects of an array that is a member; none where there is none."""
        value = self._members.get(name, [])
        if not isinstance(value, list):
            self.problem(name, "wrong_type", f"{name} must be an array.")
            return []
        at = self.pointer(name)
        return [Fields(item, f"{at}/{index}", self.scope) for index, item in enumerate(value)]

    def text(self, name: str) -> str:
        """A text of at least one character; noted where it is missing or none."""
        value = self._members.get(name)
        if not isinstance(value, str) or not value:
            code = "wrong_type" if name in self._members else "missing"
            self.problem(name, code, f"{name} must be a text.")
            return ""
        return value

    def next_state(self, name: str) -> str:
        """The name of a state, which must exist."""
        target = self.text(name)
        if target:
            self.scope.targets.append((self.pointer(name), target))
        return target

    def number(self, name: str, default: float, *, at_least: float, whole: bool = True) -> float:
        """A number in the range; the default where there is none, noted where it is none."""
        value = self._members.get(name, default)
        kind = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kind):
            fits = name not in self._members
        else:
            fits = at_least <= value <= MAX_SECONDS
        if not fits:
            message = f"{name} must be a {'whole ' * whole}number from {at_least} to {MAX_SECONDS}."
            self.problem(name, "wrong_value", message)
            return default
        return float(value)

    def one_of(self, name: str, default: str, allowed: Collection[str]) -> str:
        """One of the texts allowed; the default where there is none, noted where it is another."""
        value = self._members.get(name, default)
        if value not in allowed:
            message = f"{name} must be one of {', '.join(sorted(allowed))}."
            self.problem(name, "wrong_value", message)
            return default
        return str(value)

    def field(
        self, name: str, fits: Callable[[Any], bool] = anything, expected: str = ""
    ) -> Field | None:
        """The member compiled, or None where there is none; noted where a literal does not fit."""
        if name not in self._members:
            return None
        field = Field.compile(
            name, self._members[name], self.pointer(name), self.problems, fits, expected
        )
        if isinstance(field.template, Constant) and not fits(field.template.value):
            self.problem(name, "wrong_value", f"{name} {expected}.")
        return field


def is_seconds(value: Any) -> bool:
    """A whole number of seconds above 0, as a timeout is."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_SECONDS


def is_text(value: Any) -> bool:
    """A text."""
    return isinstance(value, str)
