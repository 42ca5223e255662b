"""Lists of the versions of one prompt or workflow."""

from collections.abc import Mapping

from promptpilot.domain.base import Model
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.prompt_document import VersionSummary
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.ports.table import Key, Position, Table


class VersionPage(Model):
    """Versions, newest first, without their contents."""

    items: tuple[VersionSummary, ...]
    next: Position | None = None


def version_page(
    key: Key,
    model: type[PromptVersion] | type[WorkflowVersion],
    labels: Mapping[str, str],
    *,
    limit: int,
    after: Position | None,
    table: Table,
) -> VersionPage:
    """The versions whose keys begin with `key`, with the labels that point to them."""
    page = table.query(key.partition, prefix=key.sort, limit=limit, after=after, descending=True)
    versions = (model.model_validate_json(item.body) for item in page.items)
    items = tuple(VersionSummary.of(version, labels) for version in versions)
    return VersionPage(items=items, next=page.next)
