"""A document as far as it is well-formed, and what is wrong with its form.

One bad step must not hide the problems of another, nor one bad field those of the rest of its
step. So every step is read by itself; and a step with bad fields is read again without them, to be
checked as far as it goes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from promptpilot.compiler.faults import suggestion
from promptpilot.compiler.node import Block, Broken, Node, with_inner
from promptpilot.compiler.parts import PartReader
from promptpilot.compiler.pointers import lies_in, pointer
from promptpilot.compiler.raw_blocks import RawBlock, hollow, raw_blocks
from promptpilot.compiler.raw_values import value_problems
from promptpilot.domain.step_blocks import path_below
from promptpilot.domain.step_fields import MAX_STEPS
from promptpilot.domain.workflow import WorkflowDocument, WorkflowHeading
from promptpilot.domain.workflow_steps import (
    STEP_MODELS,
    Step,
)
from promptpilot.errors import Problem

S = TypeVar("S", bound=Step)


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read. `document` is None where `problems` has anything; `heading` and `steps`
    then are what is left to be checked, and `unread` are the places of fields left out of them.
    """

    document: WorkflowDocument | None
    heading: WorkflowHeading | None
    steps: Block
    problems: tuple[Problem, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def holders(self) -> Mapping[str, str | None]:
        """The ids of all steps, each with that of the outermost step that it is within."""
        return {
            inner.id: None if inner is node else node.id
            for node in self.steps
            for inner in with_inner((node,))
            if inner.id
        }

    def nodes(self, kind: type[S]) -> list[Node[S]]:
        """The steps of a kind, wherever they lie, in reading order."""
        return [
            node
            for node in with_inner(self.steps)
            if isinstance(node, Node) and isinstance(node.step, kind)
        ]

    def hides(self, problem: Problem) -> bool:
        """Whether a problem is about a field that could not be read: it says nothing new."""
        return any(lies_in(problem.at, field) for field in self.unread)


def read_draft(raw: Any) -> Draft:
    """Read a document. Raises `TooLarge`."""
    problems = value_problems(raw)
    if problems or not isinstance(raw, Mapping):
        wrong_type = Problem("", "wrong_type", "A workflow document is an object.")
        return Draft(None, None, (), tuple(problems or [wrong_type]))
    reader = _StepReader()
    fields = {name: value for name, value in raw.items() if name != "steps"}
    heading = reader.parts.read(WorkflowHeading, fields, "", name="?")
    steps = reader.document_steps(raw.get("steps"))
    found = reader.parts.problems
    if found or heading is None:
        return Draft(None, heading, steps, tuple(found), tuple(reader.parts.unread))
    return Draft(WorkflowDocument.model_validate(raw), heading, steps)


class _StepReader:
    """Reads the steps of one document, and counts them."""

    def __init__(self) -> None:
        self.parts = PartReader()
        self._count = 0

    def document_steps(self, raw: Any) -> Block:
        at = pointer("", "steps")
        if not isinstance(raw, list | tuple):
            missing = raw is None
            message = "Is missing: a workflow has steps." if missing else "Must be a list."
            self._problem(at, "missing" if missing else "wrong_type", message)
            return ()
        steps = self.block(raw, at, "")
        if not 1 <= self._count <= MAX_STEPS:
            message = f"A workflow has from 1 to {MAX_STEPS} steps, with those that steps hold."
            self._problem(at, "steps_out_of_range", message)
        self.parts.problems += _repeated_ids(with_inner(steps))
        return steps

    def block(self, raw: Iterable[Any], at: str, outer: str) -> Block:
        """The steps of a block, as many of the document's as may be."""
        nodes = []
        for place, each in enumerate(raw):
            self._count += 1
            if self._count <= MAX_STEPS:
                nodes.append(self._step(each, pointer(at, place), outer))
        return tuple(nodes)

    def _step(self, raw: Any, at: str, outer: str) -> Node[Step] | Broken:
        if not isinstance(raw, Mapping):
            self._problem(at, "wrong_type", "A step is an object.")
            return Broken(None, at)
        ordinal, kind, step_id = self._count, raw.get("kind"), raw.get("id")
        path = f"{outer}{step_id}"
        model = STEP_MODELS.get(kind) if isinstance(kind, str) else None
        if model is None:
            self.parts.problems.append(_unknown_kind(kind, "kind" in raw, at))
        step = None if model is None else self.parts.read(model, hollow(raw), at)
        blocks = {each.place: self._inner(each, at, path) for each in raw_blocks(raw)}
        if step is None:
            return Broken(step_id if isinstance(step_id, str) else None, at, blocks)
        return Node(step, at, path, ordinal, blocks)

    def _inner(self, block: RawBlock, at: str, path: str) -> Block:
        outer = path_below(path, block.name)
        return self.block(block.steps, pointer(at, *block.place), outer)

    def _problem(self, at: str, code: str, message: str) -> None:
        self.parts.problems.append(Problem(at, code, message))


def _unknown_kind(kind: Any, given: bool, at: str) -> Problem:
    known = ", ".join(STEP_MODELS)
    place = pointer(at, "kind")
    if not given:
        return Problem(place, "missing", f"Is missing: a step is of the kind {known}.")
    named = f"`{kind[:80]}` is" if isinstance(kind, str) else "This is"
    hint = suggestion(kind, STEP_MODELS) if isinstance(kind, str) else ""
    return Problem(place, "kind_unknown", f"{named} no kind of step; there are {known}.{hint}")


def _repeated_ids(nodes: Iterable[Node[Any] | Broken]) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for node in nodes:
        if node.id is None:
            continue
        if node.id in first:
            message = f"`{node.id[:80]}` is the id of {first[node.id]} already."
            problems.append(Problem(pointer(node.at, "id"), "id_repeated", message))
        first.setdefault(node.id, node.at)
    return problems
