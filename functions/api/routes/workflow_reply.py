"""How workflows are answered: as JSON with all that is known of them, or the document as YAML."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api.body import YAML
from functions.api.conditional import (
    IMMUTABLE,
    MOVING,
    digest_tag,
    is_known,
    revision_tag,
    yaml_tag,
)
from promptpilot.domain.workflow import WorkflowDocument, WorkflowVersion
from promptpilot.domain.workflow_changes import WorkflowDraft
from promptpilot.domain.workflow_record import (
    WorkflowAt,
    WorkflowRecord,
    WorkflowSummary,
    WorkflowVersionRecord,
)

Headers = dict[str, str | list[str]]


def workflow_reply(
    found: WorkflowAt, *, yaml: bool, known: frozenset[str]
) -> Response[WorkflowRecord]:
    """A workflow at one version, or 304 to a client that knows its tag.

    A digest alone is no tag here: it is that of the state machine, which two versions may share.
    """
    tag = revision_tag(found.revision, found.version.digest)
    return _reply(tag, MOVING, known, yaml, found.document, lambda: found.record)


def version_reply(
    version: WorkflowVersion, *, yaml: bool, known: frozenset[str]
) -> Response[WorkflowVersionRecord]:
    """A version, which may be kept for ever."""
    tag = digest_tag(version.digest)
    return _reply(
        tag, IMMUTABLE, known, yaml, version.document, lambda: WorkflowVersionRecord.of(version)
    )


def _reply(
    tag: str,
    cache: str,
    known: frozenset[str],
    yaml: bool,
    document: WorkflowDocument,
    record: Any,
) -> Response[Any]:
    tag = yaml_tag(tag) if yaml else tag
    headers: Headers = {"ETag": tag, "Cache-Control": cache, "Vary": "Accept"}
    if is_known(known, [tag]):
        return Response(304, headers=headers)
    if not yaml:
        return Response(200, body=record(), headers=headers)
    # Brings what writes YAML, which few processes are asked for.
    from functions.api.routes.workflow_yaml import document_yaml  # noqa: PLC0415 - see above

    return Response(200, content_type=YAML, body=document_yaml(document), headers=headers)


def summary_reply(summary: WorkflowSummary) -> Response[WorkflowSummary]:
    """How a workflow stands."""
    headers: Headers = {"ETag": revision_tag(summary.revision), "Cache-Control": MOVING}
    return Response(200, body=summary, headers=headers)


def draft_reply(
    draft: WorkflowDraft, *, status: int = 200, location: str | None = None
) -> Response[WorkflowDraft]:
    """A draft, whose tag is its own."""
    headers: Headers = {"ETag": revision_tag(draft.revision), "Cache-Control": MOVING}
    if location is not None:
        headers["Location"] = location
    return Response(status, body=draft, headers=headers)
