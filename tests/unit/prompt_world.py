"""What tests of prompts share: people of a workspace, drafts, and templates to try."""

from typing import Any

from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.prompt_document import PromptDocument, PromptDraft, VersionDraft
from promptpilot.ports.table import Table
from promptpilot.services.prompts.documents import create_prompt
from promptpilot.services.prompts.versions import create_version
from tests.fakes import MODELS

SUMMARIZE = {
    "name": "Summarize Meeting Notes",
    "content": "Summarize the following notes: {{notes}}",
    "variables": ["notes"],
    "metadata": {"category": "summarization", "tags": ["meeting", "summary"]},
}


def someone(role: Role = Role.OWNER, *, workspace: str | None = None) -> Principal:
    """A user with that role, in a workspace of their own unless one is named."""
    return Principal(new_id("user"), workspace or new_id("ws"), role)


def draft(**changes: Any) -> PromptDraft:
    """The draft of the summarizing prompt, with changes."""
    return PromptDraft.model_validate({**SUMMARIZE, **changes})


def made(principal: Principal, table: Table, **changes: Any) -> PromptDocument:
    """A prompt made of that draft."""
    return create_prompt(principal, draft(**changes), table=table, models=MODELS)


def text_prompt(
    principal: Principal, table: Table, content: str, *variables: Any, **changes: Any
) -> PromptDocument:
    """A prompt of that text and those variables."""
    return made(principal, table, content=content, variables=list(variables), **changes)


def changed(
    principal: Principal, id: str, table: Table, *, if_revision: int | None = None, **change: Any
) -> PromptDocument:
    """The next version of a prompt, with those changes."""
    return create_version(
        principal,
        id,
        VersionDraft.model_validate(change),
        if_revision=if_revision,
        table=table,
        models=MODELS,
    )


def version(**changes: Any) -> PromptVersion:
    """A version 1.2.3 of a prompt that is in no table."""
    document = {
        "workspace": new_id("ws"),
        "prompt_id": new_id("prompt"),
        "version": "1.2.3",
        "content": "{{notes}}",
        "variables": ["notes"],
        "author": new_id("user"),
        "created_at": "2026-01-02T03:04:05.678Z",
        "digest": "0" * 64,
        **changes,
    }
    return PromptVersion.model_validate(document)
