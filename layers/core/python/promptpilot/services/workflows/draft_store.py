"""Where drafts of workflows are kept, and what a draft can hold."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from promptpilot import keys
from promptpilot.clock import epoch_ms, now
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptName
from promptpilot.domain.workflow_changes import StoredDraft
from promptpilot.errors import (
    ConditionFailed,
    DocumentInvalid,
    NotFound,
    Problem,
    RevisionConflict,
    TooLarge,
    Unavailable,
)
from promptpilot.ports.table import Create, Item, Replace, Table
from promptpilot.services.heads import ATTEMPTS
from promptpilot.services.workflows.versions import MAX_BODY_BYTES

KIND = "workflow_draft"

_name: TypeAdapter[str] = TypeAdapter(PromptName)


class KeptDraft(NamedTuple):
    """A draft and the item that holds it."""

    draft: StoredDraft
    item: Item


def find_draft(workspace: str, id: str, table: Table) -> KeptDraft | None:
    """The draft of a workflow, None where there is none."""
    item = table.get(keys.workflow_draft(workspace, id))
    return None if item is None else KeptDraft(StoredDraft.model_validate_json(item.body), item)


def load_draft(workspace: str, id: str, table: Table) -> KeptDraft:
    """The draft of a workflow. Raises `NotFound`."""
    kept = find_draft(workspace, id, table)
    if kept is None:
        raise NotFound(kind="draft", id=id)
    return kept


def draft_document(values: Any) -> Mapping[str, Any]:
    """What was sent, where a draft can hold it: a JSON object of bounded size.

    Raises `DocumentInvalid`, `TooLarge`.
    """
    # Comes with the compiler, which few processes need.
    from promptpilot.compiler.raw_values import value_problems  # noqa: PLC0415 - see above

    problems = value_problems(values)
    if not problems and isinstance(values, Mapping):
        return values
    wrong_type = Problem("", "wrong_type", "A workflow document is an object.")
    raise DocumentInvalid(problems=tuple(problems or [wrong_type]))


def draft_name(document: Mapping[str, Any]) -> str:
    """The name of a document that has nothing else right. Raises `DocumentInvalid`."""
    try:
        return _name.validate_python(document.get("name"))
    except ValidationError as error:
        message = "Is needed, also for a draft: one line of up to 200 characters."
        code = "invalid_value" if "name" in document else "missing"
        raise DocumentInvalid(problems=(Problem("/name", code, message),)) from error


def kept_draft(
    principal: Principal, id: str, document: Mapping[str, Any], revision: int
) -> KeptDraft:
    """A draft that is made now, at that revision. Raises `TooLarge`."""
    draft = StoredDraft(document=document, author=principal.user, updated_at=now())
    body = draft.model_dump_json()
    size = len(body.encode())
    if size > MAX_BODY_BYTES:
        raise TooLarge(what="A draft, as it is stored,", limit=MAX_BODY_BYTES, size=size)
    key = keys.workflow_draft(principal.workspace, id)
    return KeptDraft(draft, Item(key=key, kind=KIND, body=body, revision=revision))


def replace_draft(
    principal: Principal,
    id: str,
    document: Mapping[str, Any],
    if_revision: int | None,
    table: Table,
) -> KeptDraft:
    """Write a draft over the one that is there. Raises `RevisionConflict`, `TooLarge`."""
    for _ in range(ATTEMPTS):
        before = find_draft(principal.workspace, id, table)
        revision = before and before.item.revision
        if if_revision not in {None, revision}:
            raise RevisionConflict(current=revision)
        # A draft begins with a revision that none before it had: an old one matches no new draft.
        kept = kept_draft(principal, id, document, revision + 1 if revision else epoch_ms())
        try:
            table.write([Replace(kept.item) if revision else Create(kept.item)])
        except ConditionFailed:
            continue
        return kept
    raise Unavailable(reason="Too many change this draft at once.")
