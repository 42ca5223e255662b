"""A document as far as it is well-formed, and what is wrong with its form.

One bad step must not hide the problems of another, nor one bad field those of the rest of its
step. So every step is read by itself; and a step with bad fields is read again without them, to be
checked as far as it goes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from promptpilot.compiler.faults import faults, faulty_fields, suggestion
from promptpilot.compiler.node import Block, Broken, Node, well_formed
from promptpilot.compiler.pointers import lies_in, pointer
from promptpilot.compiler.raw_values import value_problems
from promptpilot.domain.workflow import MAX_STEPS, WorkflowDocument, WorkflowHeading
from promptpilot.domain.workflow_steps import STEP_MODELS, PromptStep, Step
from promptpilot.errors import Problem

M = TypeVar("M", bound=BaseModel)


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
    def prompt_nodes(self) -> list[Node[PromptStep]]:
        """The steps that refer to prompts."""
        return [node for node in well_formed(self.steps) if isinstance(node.step, PromptStep)]

    def hides(self, problem: Problem) -> bool:
        """Whether a problem is about a field that could not be read: it says nothing new."""
        return any(lies_in(problem.at, field) for field in self.unread)


class _Reader:
    """Reads the parts of one document, and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unread: list[str] = []

    def part(self, model: type[M], raw: Mapping[str, Any], at: str, **missing: Any) -> M | None:
        """A part of that model, if need be without its bad fields; None where it cannot be without.

        `missing` stands in for fields that it cannot be without.
        """
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            self.problems += faults(error, at, model)
            bad = faulty_fields(error)
        self.unread += [pointer(at, name) for name in bad]
        try:
            left = {name: value for name, value in raw.items() if name not in bad}
            return model.model_validate({**missing, **left})
        except ValidationError:
            return None


def read_draft(raw: Any) -> Draft:
    """Read a document. Raises `TooLarge`."""
    problems = value_problems(raw)
    if problems or not isinstance(raw, Mapping):
        wrong_type = Problem("", "wrong_type", "A workflow document is an object.")
        return Draft(None, None, (), tuple(problems or [wrong_type]))
    reader = _Reader()
    fields = {name: value for name, value in raw.items() if name != "steps"}
    heading = reader.part(WorkflowHeading, fields, "", name="?")
    steps = _read_steps(raw.get("steps"), reader)
    if reader.problems or heading is None:
        return Draft(None, heading, steps, tuple(reader.problems), tuple(reader.unread))
    written = {name: getattr(heading, name) for name in heading.model_fields_set}
    nodes = tuple(node.step for node in well_formed(steps))
    document = WorkflowDocument.model_construct(**written, steps=nodes)
    return Draft(document, heading, steps)


def draft_of(document: WorkflowDocument) -> Draft:
    """The draft of a document that is well-formed by its type."""
    nodes = [
        Node(step, pointer("/steps", place), step.id, place + 1)
        for place, step in enumerate(document.steps)
    ]
    problems = _repeated_ids(nodes)
    return Draft(None if problems else document, document, tuple(nodes), tuple(problems))


def _read_steps(raw: Any, reader: _Reader) -> Block:
    at = pointer("", "steps")
    if not isinstance(raw, list | tuple):
        missing = raw is None
        message = "Is missing: a workflow has steps." if missing else "Must be a list."
        reader.problems.append(Problem(at, "missing" if missing else "wrong_type", message))
        return ()
    if not 1 <= len(raw) <= MAX_STEPS:
        message = f"A workflow has from 1 to {MAX_STEPS} steps."
        reader.problems.append(Problem(at, "steps_out_of_range", message))
    nodes = [
        _read_step(each, pointer(at, place), place + 1, reader)
        for place, each in enumerate(raw[:MAX_STEPS])
    ]
    reader.problems += _repeated_ids(nodes)
    return tuple(nodes)


def _read_step(raw: Any, at: str, ordinal: int, reader: _Reader) -> Node[Step] | Broken:
    if not isinstance(raw, Mapping):
        reader.problems.append(Problem(at, "wrong_type", "A step is an object."))
        return Broken(None, at)
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in STEP_MODELS:
        reader.problems.append(_unknown_kind(kind, "kind" in raw, at))
        step = None
    else:
        step = reader.part(STEP_MODELS[kind], raw, at)
    if step is None:
        step_id = raw.get("id")
        return Broken(step_id if isinstance(step_id, str) else None, at)
    return Node(step, at, step.id, ordinal)


def _unknown_kind(kind: Any, given: bool, at: str) -> Problem:
    known = ", ".join(STEP_MODELS)
    place = pointer(at, "kind")
    if not given:
        return Problem(place, "missing", f"Is missing: a step is of the kind {known}.")
    named = f"`{kind[:80]}` is" if isinstance(kind, str) else "This is"
    hint = suggestion(kind, STEP_MODELS) if isinstance(kind, str) else ""
    message = f"{named} no kind of step that this version supports; it supports {known}.{hint}"
    return Problem(place, "kind_unknown", message)


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
