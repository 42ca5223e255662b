"""What changed between two versions of a workflow, for people to read."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from promptpilot.domain.base import OMITTED, Model, same_json
from promptpilot.domain.output_schema import Path, pointer
from promptpilot.domain.semver import BumpWord, Version
from promptpilot.domain.text_diff import FieldChange, TextChange, diff_text
from promptpilot.domain.workflow import WorkflowDocument, WorkflowVersion
from promptpilot.domain.workflow_layout import (
    Placed,
    moved_steps,
    own_fields,
    placed_steps,
    plain,
)
from promptpilot.domain.workflow_version_rules import PLAIN, changes_between


class ValueChange(FieldChange):
    """A changed field, null where that version has none; a text that both have is compared word by
    word as well.
    """

    text: Annotated[tuple[TextChange, ...] | None, OMITTED] = None


class StepEntry(Model):
    """A step that one version has. Steps within it are entries of their own."""

    id: str
    path: str
    kind: str
    fields: Mapping[str, Any]


class StepMove(Model):
    """A step that stands elsewhere: its paths, which are the same where only the order changed."""

    id: str
    before: str
    after: str


class StepChange(Model):
    """A step that both versions have, differently."""

    id: str
    path: str
    fields: tuple[ValueChange, ...]


class StepsDiff(Model):
    """Which steps came, went, were moved and changed. Steps are the same where their ids are."""

    added: tuple[StepEntry, ...] = ()
    removed: tuple[StepEntry, ...] = ()
    moved: tuple[StepMove, ...] = ()
    changed: tuple[StepChange, ...] = ()


class WorkflowDiff(Model):
    """The difference from `version` to `other`. Fields within `input` and `output` are named by
    their places there, "" being the whole.

    `required` is the smallest legal bump from the one to the other, with `reasons`; None where
    nothing differs.
    """

    version: Version
    other: Version
    steps: StepsDiff
    input: tuple[ValueChange, ...] = ()
    output: tuple[ValueChange, ...] = ()
    fields: tuple[ValueChange, ...] = ()
    required: BumpWord | None
    reasons: tuple[str, ...]


def diff_workflows(old: WorkflowVersion, new: WorkflowVersion) -> WorkflowDiff:
    """What changed from one version to another."""
    before, after = old.document, new.document
    changes = changes_between(before, after)
    return WorkflowDiff(
        version=old.version,
        other=new.version,
        steps=_steps_diff(placed_steps(before), placed_steps(after)),
        input=tuple(_value_changes(before.input, after.input)),
        output=tuple(_value_changes(_output(before), _output(after))),
        fields=tuple(_value_changes(_plain_fields(before), _plain_fields(after))),
        required=changes[0].bump.word if changes else None,
        reasons=tuple(change.reason for change in changes),
    )


def _output(document: WorkflowDocument) -> Any:
    return document.output if document.has_output else {}


def _plain_fields(document: WorkflowDocument) -> dict[str, Any]:
    return {name: plain(getattr(document, name)) for name in PLAIN}


def _steps_diff(old: Mapping[str, Placed], new: Mapping[str, Placed]) -> StepsDiff:
    return StepsDiff(
        added=tuple(_entry(each) for step_id, each in new.items() if step_id not in old),
        removed=tuple(_entry(each) for step_id, each in old.items() if step_id not in new),
        moved=tuple(
            StepMove(id=step_id, before=old[step_id].path, after=new[step_id].path)
            for step_id in moved_steps(old, new)
        ),
        changed=tuple(_step_changes(old, new)),
    )


def _entry(placed: Placed) -> StepEntry:
    fields = own_fields(placed.step)
    kind = fields.pop("kind")
    return StepEntry(id=placed.step.id, path=placed.path, kind=kind, fields=fields)


def _step_changes(old: Mapping[str, Placed], new: Mapping[str, Placed]) -> Iterator[StepChange]:
    for step_id, placed in new.items():
        if step_id in old:
            fields = tuple(_value_changes(own_fields(old[step_id].step), own_fields(placed.step)))
            if fields:
                yield StepChange(id=step_id, path=placed.path, fields=fields)


def _value_changes(old: Any, new: Any) -> Iterator[ValueChange]:
    before, after = dict(_leaves(old, ())), dict(_leaves(new, ()))
    for path in {**before, **after}:
        was, now = before.get(path), after.get(path)
        if path in before and path in after and same_json(was, now):
            continue
        text = diff_text(was, now) if isinstance(was, str) and isinstance(now, str) else None
        yield ValueChange(field=pointer(path)[1:], before=was, after=now, text=text)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """What a value is made of; what is empty is a leaf itself, unless it is the whole."""
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    elif isinstance(value, list | tuple) and value:
        for place, each in enumerate(value):
            yield from _leaves(each, (*path, place))
    elif path or not isinstance(value, Mapping):
        yield path, value
