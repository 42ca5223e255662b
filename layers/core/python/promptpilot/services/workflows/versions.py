"""Where workflows and their versions are kept, and finding the version that is meant.

A version's item holds the document as it was written, and the state machine compressed: compiled
anew by a later release it could come out different, and an execution must not. Document and machine
that do not fit one item together are refused when they are saved.
"""

import re

from promptpilot import keys
from promptpilot.domain.semver import Semver, is_semver
from promptpilot.domain.workflow import Workflow, WorkflowVersion
from promptpilot.errors import Archived, NotFound, TooLarge
from promptpilot.ports.orchestrator import Machine
from promptpilot.ports.table import MAX_ITEM_BYTES, Item, Table
from promptpilot.services.heads import HeadStore
from promptpilot.services.lru import LruCache

VERSION_KIND = "workflow_version"

MAX_BODY_BYTES = MAX_ITEM_BYTES - 1_000
"""Leaves room for the keys."""

CACHED_CHARACTERS = 32_000_000
"""How much of versions is kept parsed, in characters of their items."""

_WORKFLOW_ID = re.compile(r"workflow_[0-9A-HJKMNP-TV-Z]{26}")

_versions: LruCache[tuple[str, str, str], WorkflowVersion] = LruCache(CACHED_CHARACTERS)


def _is_id(text: str) -> bool:
    return _WORKFLOW_ID.fullmatch(text) is not None


WORKFLOWS: HeadStore[Workflow] = HeadStore(
    "workflow",
    Workflow,
    key=keys.workflow,
    is_id=_is_id,
    places=lambda workflow: {"gsi1": keys.workflows(workflow.workspace, workflow.id)},
)


def require_in_use(workflow: Workflow) -> None:
    """Raise `Archived` for a workflow that may neither be changed nor run."""
    if workflow.archived_at is not None:
        raise Archived(kind="workflow", id=workflow.id)


def machine_of(version: WorkflowVersion) -> Machine:
    """The state machine of a version, as an orchestrator takes it."""
    return Machine(
        workspace=version.workspace,
        workflow=version.workflow_id,
        version=version.version,
        digest=version.digest,
        asl=version.asl,
    )


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
    if _is_id(workflow) and is_semver(version):
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
    """The version to run: the one named, the one of the label, or `production`, or the latest.

    Raises `NotFound`, `Invalid` for a version and a label at once, `Archived`, `Unpublished`.
    """
    head = WORKFLOWS.load(workspace, workflow, table=table)
    require_in_use(head.subject)
    return load_workflow_version(workspace, workflow, head.pick(version, label), table=table)
