"""Semantic versioning enforced by the interface of a workflow: its input and its output.

What breaks those who start it or read what it answers is major (`input_changes`, `output_changes`);
a new optional input, a new output field and a new step are minor; everything else, which callers do
not see, is a patch.
"""

from collections.abc import Iterator

from promptpilot.domain.base import same_json
from promptpilot.domain.input_changes import input_changes
from promptpilot.domain.output_changes import output_changes
from promptpilot.domain.semver import Bump
from promptpilot.domain.version_changes import Change, largest_first
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_layout import moved_steps, own_fields, placed_steps

PLAIN = ("name", "description", "timeout", "budget", "triggers")


def changes_between(old: WorkflowDocument, new: WorkflowDocument) -> tuple[Change, ...]:
    """What changed, the largest changes first. Number and note of a version are no change."""
    return largest_first(
        [
            *input_changes(old.input, new.input),
            *output_changes(old, new),
            *_step_changes(old, new),
            *_plain_changes(old, new),
        ]
    )


def _step_changes(old: WorkflowDocument, new: WorkflowDocument) -> Iterator[Change]:
    before, after = placed_steps(old), placed_steps(new)
    for step_id in after:
        if step_id not in before:
            yield Change(Bump.MINOR, f"The step {step_id!r} was added.")
    for step_id in before:
        if step_id not in after:
            yield Change(Bump.PATCH, f"The step {step_id!r} was removed.")
        elif not same_json(own_fields(before[step_id].step), own_fields(after[step_id].step)):
            yield Change(Bump.PATCH, f"The step {step_id!r} was changed.")
    for step_id in moved_steps(before, after):
        yield Change(Bump.PATCH, f"The step {step_id!r} was moved.")


def _plain_changes(old: WorkflowDocument, new: WorkflowDocument) -> Iterator[Change]:
    for name in PLAIN:
        if getattr(old, name) != getattr(new, name):
            verb = "were" if name == "triggers" else "was"
            yield Change(Bump.PATCH, f"The {name} {verb} changed.")
