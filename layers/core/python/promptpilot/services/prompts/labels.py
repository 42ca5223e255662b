"""The labels of prompts."""

from promptpilot.domain.event import EventType
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import Prompt
from promptpilot.domain.prompt_document import PromptDocument
from promptpilot.ports import Table
from promptpilot.services.labels import Labels
from promptpilot.services.prompts.heads import PROMPTS
from promptpilot.services.prompts.version_store import load_version


def _check(prompt: Prompt, version: str | None, table: Table) -> None:
    if version is not None:
        load_version(prompt.workspace, prompt.id, version, table=table)


_LABELS: Labels[Prompt] = Labels(
    PROMPTS,
    moved=EventType.PROMPT_LABEL_MOVED,
    deleted=EventType.PROMPT_LABEL_DELETED,
    check=_check,
)


def move_label(
    principal: Principal,
    id: str,
    label: str,
    version: str,
    *,
    protected: bool | None = None,
    if_revision: int | None = None,
    table: Table,
) -> PromptDocument:
    """Point a label at a version; the document is that version's. Raises as `Labels.move`."""
    head = _LABELS.move(
        principal, id, label, version, protected=protected, if_revision=if_revision, table=table
    )
    target = load_version(principal.workspace, id, version, table=table)
    return PromptDocument.of(head.subject, head.revision, target)


def delete_label(
    principal: Principal, id: str, label: str, *, if_revision: int | None = None, table: Table
) -> PromptDocument:
    """Remove a label; the document is that of the version now fetched where nothing is named.

    Raises as `Labels.delete`.
    """
    head = _LABELS.delete(principal, id, label, if_revision=if_revision, table=table)
    target = load_version(principal.workspace, id, head.default_version, table=table)
    return PromptDocument.of(head.subject, head.revision, target)
