"""Which variables a parsed JSONata expression takes from outside.

JSONata binds names with `:=` for the rest of the block they stand in, as parameters of functions,
and along a path with `@$name` and `#$name`. All other variables come from the state machine. A
function's body runs later than the block that it is written in, so it also sees what that block
binds after it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 150
"""How deep nodes may lie in each other; the embedded engine evaluates up to 200 levels."""


class NestedTooDeep(ValueError):
    """An expression with more than `MAX_DEPTH` levels."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in an expression, and the character it ends at. `field` is the name that follows it in
    a path: `notes` in `$input.notes`.
    """

    name: str
    position: int
    field: str | None = None


@dataclass(frozen=True, slots=True)
class FreeNames:
    """What an expression needs from outside. `strays` are names, `$` and `$$` at its top level,
    where they stand for parts of a context that a state machine does not have.
    """

    references: tuple[Reference, ...]
    strays: tuple[Reference, ...]


def free_names(ast: Any) -> FreeNames:
    """The names in the order in which they are evaluated."""
    walk = _Walk()
    walk.node(ast, _Frame(None), in_context=False)
    return FreeNames(tuple(walk.references), tuple(walk.strays))


class _Frame:
    """The names bound in a block, a function or a path."""

    def __init__(self, parent: "_Frame | None", *, is_function: bool = False) -> None:
        self.bound: set[str] = set()
        self.bound_later: set[str] = set()
        self.parent = parent
        self.is_function = is_function

    def binds(self, name: str) -> bool:
        frame: _Frame | None = self
        runs_later = False
        while frame is not None:
            if name in frame.bound or (runs_later and name in frame.bound_later):
                return True
            runs_later = runs_later or frame.is_function
            frame = frame.parent
        return False


class _Walk:
    """Goes through the nodes in the order of evaluation."""

    def __init__(self) -> None:
        self.references: list[Reference] = []
        self.strays: list[Reference] = []
        self._depth = 0

    def node(self, node: Any, frame: _Frame, *, in_context: bool) -> None:
        """Walk a node and what is attached to it.

        `in_context` says whether there is a value that plain names are looked up in.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NestedTooDeep
        visit = _VISITS.get(node.type)
        if visit is not None:
            visit(self, node, frame, in_context)
        self.attached(node, frame)
        self._depth -= 1

    def attached(self, node: Any, frame: _Frame) -> None:
        frame.bound.update(name for name in (node.focus, node.index) if isinstance(name, str))
        for stage in (*(node.predicate or ()), *(node.stages or ())):
            if stage.type == "index":
                frame.bound.add(stage.value)
            else:
                self.node(stage.expr, frame, in_context=True)
        if node.group is not None:
            self.pairs(node.group.lhs_object, frame, in_context=True)

    def all(self, nodes: Iterable[Any], frame: _Frame, in_context: bool) -> None:
        for each in nodes:
            if each is not None:
                self.node(each, frame, in_context=in_context)

    def pairs(self, pairs: Iterable[Any], frame: _Frame, *, in_context: bool) -> None:
        for pair in pairs:
            self.all(pair, frame, in_context)

    def variable(
        self, node: Any, frame: _Frame, in_context: bool, field: str | None = None
    ) -> None:
        if node.value in {"", "$"}:
            if not in_context or node.value == "$":
                self.strays.append(Reference(f"${node.value}", node.position))
        elif not frame.binds(node.value):
            self.references.append(Reference(node.value, node.position, field))

    def name(self, node: Any, frame: _Frame, in_context: bool) -> None:
        if not in_context:
            self.strays.append(Reference(str(node.value), node.position))

    def path(self, node: Any, frame: _Frame, in_context: bool) -> None:
        inner = _Frame(frame)
        first, *rest = node.steps
        if first.type == "variable" and rest and rest[0].type == "name":
            self.variable(first, inner, in_context, field=str(rest[0].value))
            self.attached(first, inner)
        else:
            self.node(first, inner, in_context=in_context)
        self.all(rest, inner, in_context=True)

    def operands(self, node: Any, frame: _Frame, in_context: bool) -> None:
        self.all((node.lhs, node.rhs), frame, in_context)

    def unary(self, node: Any, frame: _Frame, in_context: bool) -> None:
        self.all((node.expression, *(node.expressions or ())), frame, in_context)
        self.pairs(node.lhs_object or (), frame, in_context=in_context)

    def binding(self, node: Any, frame: _Frame, in_context: bool) -> None:
        frame.bound_later.add(node.lhs.value)
        self.node(node.rhs, frame, in_context=in_context)
        frame.bound.add(node.lhs.value)

    def block(self, node: Any, frame: _Frame, in_context: bool) -> None:
        inner = _Frame(frame)
        inner.bound_later.update(each.lhs.value for each in node.expressions if each.type == "bind")
        self.all(node.expressions, inner, in_context)

    def condition(self, node: Any, frame: _Frame, in_context: bool) -> None:
        otherwise = node._else  # noqa: SLF001 - the parser's name for it, as `else` is a keyword
        self.all((node.condition, node.then, otherwise), frame, in_context)

    def call(self, node: Any, frame: _Frame, in_context: bool) -> None:
        self.all((node.procedure, *node.arguments), frame, in_context)

    def function(self, node: Any, frame: _Frame, in_context: bool) -> None:
        inner = _Frame(frame, is_function=True)
        inner.bound.update(argument.value for argument in node.arguments)
        self.node(node.body, inner, in_context=in_context)

    def transform(self, node: Any, frame: _Frame, in_context: bool) -> None:
        self.all((node.pattern, node.update, node.delete), frame, in_context=True)

    def sort(self, node: Any, frame: _Frame, in_context: bool) -> None:
        self.all((term.expression for term in node.terms), frame, in_context=True)


_Visit = Callable[[_Walk, Any, _Frame, bool], None]

_VISITS: Mapping[str, _Visit] = {
    "variable": _Walk.variable,
    "name": _Walk.name,
    "wildcard": _Walk.name,
    "descendant": _Walk.name,
    "path": _Walk.path,
    "binary": _Walk.operands,
    "apply": _Walk.operands,
    "unary": _Walk.unary,
    "bind": _Walk.binding,
    "block": _Walk.block,
    "condition": _Walk.condition,
    "function": _Walk.call,
    "partial": _Walk.call,
    "lambda": _Walk.function,
    "transform": _Walk.transform,
    "sort": _Walk.sort,
}
"""By the type of a node. Literals, `?` of a partial call and `%` refer to nothing."""
