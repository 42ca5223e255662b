"""Whether the variables that texts and attachments use are those that are declared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptpilot.domain.variables import Variable
from promptpilot.errors import Problem

NOTHING_ATTACHED: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Agreement:
    """What only the uses have, what only the declaration has, and what differs in the included."""

    undeclared: tuple[str, ...]
    unused: tuple[str, ...]
    differences: tuple[Problem, ...]
    attached: Mapping[str, str]
    """Names that are used in attachments, each with the place of the first use."""

    def problems(self, declared: Sequence[Variable]) -> Iterator[Problem]:
        """Each disagreement with its place in the document."""
        places = {variable.name: place for place, variable in enumerate(declared)}
        for name in self.undeclared:
            message = f"The variable {name!r} is used but not declared."
            at = self.attached.get(name, "/variables")
            yield Problem(at=at, code="variable_not_declared", message=message)
        for name in self.unused:
            message = f"The variable {name!r} is declared but not used."
            at = f"/variables/{places[name]}"
            yield Problem(at=at, code="variable_not_used", message=message)
        yield from self.differences

    def summary(self) -> str:
        """Both lists of names; empty where both are."""
        lists = {"Used but not declared": self.undeclared, "Declared but not used": self.unused}
        return " ".join(f"{title}: {', '.join(names)}." for title, names in lists.items() if names)


def agreement(
    declared: Sequence[Variable],
    used: frozenset[str],
    included: Mapping[str, Sequence[Variable]],
    attached: Mapping[str, str] = NOTHING_ATTACHED,
) -> Agreement:
    """Compare the declaration with the names the texts use and what included prompts declare.

    `attached` are the names that attachments use, each with its place in the document.
    """
    names = {variable.name: variable for variable in declared}
    needed = used.union(attached, *({each.name for each in theirs} for theirs in included.values()))
    return Agreement(
        undeclared=tuple(sorted(needed - names.keys())),
        unused=tuple(name for name in names if name not in needed),
        differences=tuple(
            problem
            for ref, theirs in included.items()
            for their in theirs
            if their.name in names
            for problem in _differences(names[their.name], their, ref)
        ),
        attached=attached,
    )


def _differences(ours: Variable, theirs: Variable, ref: str) -> Iterator[Problem]:
    if ours.type != theirs.type:
        message = f"{ours.name!r} is {ours.type} here and {theirs.type} in the included {ref!r}."
        yield Problem(at="/variables", code="variable_type_differs", message=message)
    elif theirs.required and not ours.required and ours.default is None:
        message = f"{ours.name!r} must be required or have a default, as {ref!r} requires it."
        yield Problem(at="/variables", code="variable_must_be_required", message=message)
