"""How documents that have revisions are answered: with their entity tag, or not at all where the
client has them.
"""

from typing import TypeVar

from aws_lambda_powertools.event_handler import Response

from functions.api.conditional import MOVING, digest_tag, is_known, revision_tag
from promptpilot.domain.prompt_document import PromptDocument
from promptpilot.domain.workflow_record import WorkflowRecord

D = TypeVar("D", PromptDocument, WorkflowRecord)


def document_reply(
    document: D,
    *,
    status: int = 200,
    location: str | None = None,
    known: frozenset[str] = frozenset(),
) -> Response[D]:
    """The document, or 304 to a client that knows its tag or its digest."""
    tag = revision_tag(document.revision, document.digest)
    headers: dict[str, str | list[str]] = {"ETag": tag, "Cache-Control": MOVING}
    if location is not None:
        headers["Location"] = location
    if is_known(known, (tag, digest_tag(document.digest))):
        return Response(304, headers=headers)
    return Response(status, body=document, headers=headers)
