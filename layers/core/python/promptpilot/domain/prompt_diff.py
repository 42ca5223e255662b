"""What changed between two versions of a prompt, for people to read."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Annotated, Any

from promptpilot.domain.base import OMITTED, Model
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.prompt_message import AttachmentSlot, PromptMessage
from promptpilot.domain.semver import BumpWord, Version
from promptpilot.domain.text_diff import FieldChange, TextChange, diff_text
from promptpilot.domain.variables import DeclaredVariable
from promptpilot.domain.version_rules import changes_between


class AttachmentsChange(Model):
    """What is attached to a message in the one version and in the other, where that differs."""

    before: tuple[AttachmentSlot, ...]
    after: tuple[AttachmentSlot, ...]


class MessageChange(Model):
    """The difference of one message. A role is None where that version has no such message."""

    index: int
    role_before: str | None
    role_after: str | None
    content: tuple[TextChange, ...]
    attachments: Annotated[AttachmentsChange | None, OMITTED] = None


class VariableChange(Model):
    """A variable that both versions declare, differently."""

    name: str
    before: DeclaredVariable
    after: DeclaredVariable


class VariablesDiff(Model):
    """Which variables came, went and changed."""

    added: tuple[DeclaredVariable, ...] = ()
    removed: tuple[DeclaredVariable, ...] = ()
    changed: tuple[VariableChange, ...] = ()


class PromptDiff(Model):
    """The difference from `version` to `other`.

    `content` compares two text prompts; otherwise `messages` compares message by message, a text
    being one message of the user. `required` is the smallest legal bump from the one to the other,
    with `reasons`; None where nothing differs.
    """

    version: Version
    other: Version
    content: Annotated[tuple[TextChange, ...] | None, OMITTED] = None
    messages: Annotated[tuple[MessageChange, ...] | None, OMITTED] = None
    variables: VariablesDiff
    fields: tuple[FieldChange, ...] = ()
    required: BumpWord | None
    reasons: tuple[str, ...]


def diff_versions_of(old: PromptVersion, new: PromptVersion) -> PromptDiff:
    """What changed from one version to another."""
    changes = changes_between(old, new)
    both_text = old.messages is None and new.messages is None
    return PromptDiff(
        version=old.version,
        other=new.version,
        content=diff_text(old.content or "", new.content or "") if both_text else None,
        messages=None if both_text else tuple(_message_changes(old, new)),
        variables=_variables_diff(old, new),
        fields=tuple(_field_changes(old, new)),
        required=changes[0].bump.word if changes else None,
        reasons=tuple(change.reason for change in changes),
    )


def _message_changes(old: PromptVersion, new: PromptVersion) -> Iterator[MessageChange]:
    for index, (before, after) in enumerate(zip_longest(_messages(old), _messages(new))):
        yield MessageChange(
            index=index,
            role_before=before and before.role,
            role_after=after and after.role,
            content=diff_text(before.content if before else "", after.content if after else ""),
            attachments=_attachments_change(before, after),
        )


def _attachments_change(
    before: PromptMessage | None, after: PromptMessage | None
) -> AttachmentsChange | None:
    old, new = (each.attachments if each else () for each in (before, after))
    return AttachmentsChange(before=old, after=new) if old != new else None


def _messages(version: PromptVersion) -> tuple[PromptMessage, ...]:
    if version.messages is None:
        return (PromptMessage.model_construct(role="user", content=version.content or ""),)
    return version.messages


def _variables_diff(old: PromptVersion, new: PromptVersion) -> VariablesDiff:
    before = {variable.name: variable for variable in old.variables}
    after = {variable.name: variable for variable in new.variables}
    return VariablesDiff(
        added=tuple(each for name, each in after.items() if name not in before),
        removed=tuple(each for name, each in before.items() if name not in after),
        changed=tuple(
            VariableChange(name=name, before=each, after=after[name])
            for name, each in before.items()
            if name in after and after[name] != each
        ),
    )


def _field_changes(old: PromptVersion, new: PromptVersion) -> Iterator[FieldChange]:
    before, after = _fields(old), _fields(new)
    for field in {**before, **after}:
        if before.get(field) != after.get(field):
            yield FieldChange(field=field, before=before.get(field), after=after.get(field))


def _fields(version: PromptVersion) -> dict[str, Any]:
    settings = version.settings.model_dump(mode="json")
    return {
        "model": version.model,
        "output_schema": version.output_schema,
        **{f"settings/{name}": value for name, value in settings.items()},
        **{f"tools/{each.name}": each.model_dump(mode="json") for each in version.tools},
    }
