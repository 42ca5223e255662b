"""The steps of a document for comparing two of them: each by itself, and where it stands."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from promptpilot.domain.output_schema import pointer
from promptpilot.domain.step_blocks import blocks_of
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_steps import Step

_STEPS = get_args(Step)


class Placed(NamedTuple):
    """A step with its path. `block` says which steps it stands among."""

    step: Step
    path: str
    block: str


def placed_steps(document: WorkflowDocument) -> dict[str, Placed]:
    """Every step by its id, in reading order."""
    return dict(_placed(document.steps, "", ""))


def _placed(steps: Sequence[Step], outer: str, block: str) -> Iterator[tuple[str, Placed]]:
    for step in steps:
        path = f"{outer}{step.id}"
        yield step.id, Placed(step, path, block)
        for inner in blocks_of(step):
            yield from _placed(inner.steps, inner.below(path), step.id + pointer(inner.place))


def moved_steps(old: Mapping[str, Placed], new: Mapping[str, Placed]) -> Iterator[str]:
    """The ids of the steps that both have and that stand elsewhere: among others, or before or
    after those that have stayed.
    """
    both = old.keys() & new.keys()
    stayed = {step_id for step_id in both if old[step_id].block == new[step_id].block}
    kept: set[str] = set()
    for block in {old[step_id].block for step_id in stayed}:
        before, after = ([*_of_block(each, block, stayed)] for each in (old, new))
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        for match in matcher.get_matching_blocks():
            kept.update(before[match.a : match.a + match.size])
    yield from (step_id for step_id in new if step_id in both and step_id not in kept)


def _of_block(steps: Mapping[str, Placed], block: str, among: set[str]) -> Iterator[str]:
    for step_id, placed in steps.items():
        if step_id in among and placed.block == block:
            yield step_id


def own_fields(step: Step) -> dict[str, Any]:
    """A step's fields but its id, as JSON, what was left out filled in where that is not nothing.
    Steps within are left out; an empty list stands in their place.
    """
    fields: dict[str, Any] = plain(step)
    return {name: value for name, value in fields.items() if name != "id"}


def plain(value: Any) -> Any:
    """A part of a document as JSON, by the names that documents have for its fields."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        named = {field.alias or name: getattr(value, name) for name, field in fields.items()}
        return {name: plain(each) for name, each in named.items() if each is not None}
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value if not isinstance(each, _STEPS)]
    return value
