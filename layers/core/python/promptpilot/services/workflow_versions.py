"""Where workflows and their versions are kept, and finding the version that is meant.

A version's item holds the document as it was written, and the state machine compressed: compiled
anew by a later release it could come out different, and an execution must not. Document and machine
that do not fit one item together are refused when they are saved.
"""

import re
from dataclasses import dataclass

from promptpilot import keys
from promptpilot.domain.semver import Semver, is_semver
from promptpilot.domain.version_choice import default_version, pick_version
from promptpilot.domain.workflow import Workflow, WorkflowVersion
from promptpilot.errors import NotFound, TooLarge
from promptpilot.ports import MAX_ITEM_BYTES, Item, Table
from promptpilot.services.lru import LruCache

HEAD_KIND = "workflow"
VERSION_KIND = "workflow_version"

MAX_BODY_BYTES = MAX_ITEM_BYTES - 1_000
"""Leaves room for the keys."""

CACHED_CHARACTERS = 32_000_000
"""How much of versions is kept parsed, in characters of their items."""

_WORKFLOW_ID = re.compile(r"workflow_[0-9A-HJKMNP-TV-Z]{26}")

_versions: LruCache[tuple[str, str, str], WorkflowVersion] = LruCache(CACHED_CHARACTERS)


@dataclass(frozen=True, slots=True)
class WorkflowHead:
    """A workflow's head and the revision of its item."""

    workflow: Workflow
    revision: int

    @property
    def default_version(self) -> str:
        """The version that is run where nothing is named."""
        return default_version(self.workflow.labels, self.workflow.latest)

    def pick(self, version: str | None, label: str | None) -> str:
        """The version meant by a version or a label. Raises `Invalid` for both, `NotFound`."""
        workflow = self.workflow
        return pick_version(workflow.labels, workflow.latest, version=version, label=label)


def head_item(workflow: Workflow) -> Item:
    """The item of a new head."""
    return Item(
        key=keys.workflow(workflow.workspace, workflow.id),
        kind=HEAD_KIND,
        body=workflow.model_dump_json(),
        gsi1=keys.workflows(workflow.workspace, workflow.id),
    )


def head_of(item: Item) -> WorkflowHead:
    """The head that an item holds."""
    return WorkflowHead(Workflow.model_validate_json(item.body), item.revision)


def load_head(workspace: str, id: str, *, table: Table) -> WorkflowHead:
    """A workflow's head. Raises `NotFound`."""
    item = table.get(keys.workflow(workspace, id)) if _WORKFLOW_ID.fullmatch(id) else None
    if item is None:
        raise NotFound(kind="workflow", id=id)
    return head_of(item)


def version_item(version: WorkflowVersion) -> Item:
    """The item of a version. Raises `TooLarge`."""
    body = version.model_dump_json()
    size = len(body.encode())
    if size > MAX_BODY_BYTES:
        what = "A workflow document together with its state machine (compressed)"
        raise TooLarge(what=what, limit=MAX_BODY_BYTES, size=size)
    padded = Semver.parse(version.version).padded
    key = keys.workflow_version(version.workspace, version.workflow_id, padded)
    return Item(key=key, kind=VERSION_KIND, body=body)


def load_workflow_version(
    workspace: str, workflow: str, version: str, *, table: Table
) -> WorkflowVersion:
    """One version of a workflow, from memory where it was read before.

    Raises `NotFound`, also for what is no id or no version at all.
    """
    known = _versions.get((workspace, workflow, version))
    if known is not None:
        return known
    item = None
    if _WORKFLOW_ID.fullmatch(workflow) and is_semver(version):
        padded = Semver.parse(version).padded
        item = table.get(keys.workflow_version(workspace, workflow, padded))
    if item is None:
        raise NotFound(kind="workflow version", id=f"{workflow}@{version}")
    found = WorkflowVersion.model_validate_json(item.body)
    _versions.put((workspace, workflow, version), found, weight=len(item.body))
    return found


def resolve_workflow(
    workspace: str,
    workflow: str,
    *,
    version: str | None = None,
    label: str | None = None,
    table: Table,
) -> WorkflowVersion:
    """The version named, the one of the label, or `production`, or the latest.

    Raises `NotFound`, `Invalid` for a version and a label at once.
    """
    if version is None or label is not None:
        version = load_head(workspace, workflow, table=table).pick(version, label)
    return load_workflow_version(workspace, workflow, version, table=table)
