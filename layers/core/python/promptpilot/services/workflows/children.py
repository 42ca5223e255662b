"""The workflows that a document's steps run: whether they are there, take what they are given, and
do not lead back to where they are run from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from promptpilot.compiler.draft import Draft
from promptpilot.compiler.node import Node
from promptpilot.compiler.pointers import pointer
from promptpilot.domain.step_fields import WorkflowRef
from promptpilot.domain.workflow import MAX_LEVELS, WorkflowVersion
from promptpilot.domain.workflow_steps import WorkflowStep
from promptpilot.errors import Archived, Invalid, NotFound, Problem, Unpublished
from promptpilot.ports.table import Table
from promptpilot.services.workflows.given import given_problems
from promptpilot.services.workflows.versions import resolve_workflow

MAX_REACHED = 200
"""How many versions of workflows one may run in all, those that others run counted too."""

_CODES: Mapping[type[Exception], str] = {
    NotFound: "workflow_unknown",
    Invalid: "workflow_invalid",
    Archived: "workflow_archived",
    Unpublished: "workflow_unpublished",
}
"""By why a reference means nothing."""


def children_of(
    workspace: str, draft: Draft, *, own: str | None, table: Table
) -> tuple[Mapping[str, WorkflowVersion], list[Problem]]:
    """What the workflow steps refer to now, by step id, and what is wrong with it. References of
    the workflows that are run are followed as they resolve now.
    """
    walk = _Walk(workspace, own, table)
    children: dict[str, WorkflowVersion] = {}
    problems: list[Problem] = []
    for node in draft.nodes(WorkflowStep):
        try:
            child = walk.resolve(node.step.workflow)
        except tuple(_CODES) as error:
            problems.append(_problem(node, _code(error), str(error)))
            continue
        children[node.id] = child
        problems += given_problems(
            child.document.input,
            node.step.variables,
            pointer(node.at, "with"),
            taker=f"The workflow `{child.document.name}`",
            codes="workflow_input",
        )
        trouble = walk.trouble(child, ())
        if trouble is not None:
            problems.append(_problem(node, trouble.code, trouble.message))
    return children, problems


def _code(error: Exception) -> str:
    return next(code for kind, code in _CODES.items() if isinstance(error, kind))


def _problem(node: Node[WorkflowStep], code: str, message: str) -> Problem:
    return Problem(pointer(node.at, "workflow"), code, message)


class _Trouble(NamedTuple):
    """What is wrong with where a reference leads."""

    code: str
    message: str


@dataclass
class _Walk:
    """Follows references from one document. What was found free of trouble at some depth is not
    gone through again at the same or a smaller one.
    """

    workspace: str
    own: str | None
    table: Table
    fine: dict[tuple[str, str], int] = field(default_factory=dict)

    def resolve(self, ref: WorkflowRef) -> WorkflowVersion:
        """The version that a reference means now. Raises what `_CODES` has."""
        return resolve_workflow(
            self.workspace, ref.id, version=ref.version, label=ref.label, table=self.table
        )

    def trouble(
        self, version: WorkflowVersion, outer: tuple[WorkflowVersion, ...]
    ) -> _Trouble | None:
        """What is wrong with running a version within the others, None where nothing is."""
        chain = (*outer, version)
        above = {self.own, *(each.workflow_id for each in outer)}
        if version.workflow_id in above:
            return _Trouble("workflow_recursive", f"It would run itself: {self._words(chain)}.")
        if len(chain) > MAX_LEVELS:
            message = (
                f"Workflows can run each other {MAX_LEVELS} levels deep: {self._words(chain)}."
            )
            return _Trouble("too_deep_workflows", message)
        key = (version.workflow_id, version.version)
        if self.fine.get(key, 0) >= len(chain):
            return None
        self.fine[key] = len(chain)
        if len(self.fine) > MAX_REACHED:
            message = f"A workflow can run {MAX_REACHED} workflows, nested ones counted too."
            return _Trouble("too_many_workflows", message)
        trouble = self._trouble_within(version, chain)
        if trouble is not None:
            del self.fine[key]
        return trouble

    def _trouble_within(
        self, version: WorkflowVersion, chain: tuple[WorkflowVersion, ...]
    ) -> _Trouble | None:
        for step in version.workflow_steps.values():
            try:
                inner = self.resolve(step.workflow)
            except tuple(_CODES):
                # That version was fine when it was saved; what is missing now is told when it runs.
                continue
            trouble = self.trouble(inner, chain)
            if trouble is not None:
                return trouble
        return None

    def _words(self, chain: tuple[WorkflowVersion, ...]) -> str:
        names = (f"`{each.document.name}` ({each.workflow_id}@{each.version})" for each in chain)
        return " runs ".join(("this workflow", *names))
