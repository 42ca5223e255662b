"""Checking a workflow document whole, its references with it: the one way to a version."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from promptpilot.compiler.pointers import pointer
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.domain.workflow_changes import DocumentProblem, WorkflowCheck
from promptpilot.domain.workflow_steps import PromptStep
from promptpilot.errors import Conflict, DocumentInvalid, Invalid, NotFound, Problem
from promptpilot.ports.models import Models
from promptpilot.ports.table import Table
from promptpilot.services.prompts.versions import resolve_ref

if TYPE_CHECKING:
    from promptpilot.compiler.compile import Compiled
    from promptpilot.compiler.draft import Draft


class CheckedWorkflow(NamedTuple):
    """A document that can be saved, and what it becomes."""

    document: WorkflowDocument
    compiled: "Compiled"


def checked_workflow(
    workspace: str, values: Any, *, own: str | None = None, table: Table, models: Models
) -> CheckedWorkflow:
    """Check and compile a document against the prompts and workflows of the workspace as they are
    now. `own` is the id of the workflow that it is to be a version of.

    Raises `DocumentInvalid` with every problem, `TooLarge`.
    """
    # The compiler, with what parses expressions, takes as long to import as half of all else, and
    # few processes ever save a workflow.
    from promptpilot.compiler.compile import compile_draft  # noqa: PLC0415 - see above
    from promptpilot.compiler.draft import read_draft  # noqa: PLC0415 - see above
    from promptpilot.services.workflows.action_checks import (  # noqa: PLC0415 - see above
        action_problems,
    )
    from promptpilot.services.workflows.children import children_of  # noqa: PLC0415 - see above
    from promptpilot.services.workflows.model_checks import (  # noqa: PLC0415 - see above
        model_problems,
    )

    draft = read_draft(_as_written(values))
    prompts, unresolved = _prompts(workspace, draft, table)
    children, refused = children_of(workspace, draft, own=own, table=table)
    bounds = {step: child.bounds for step, child in children.items()}
    found = [*unresolved, *refused, *action_problems(draft)]
    found += model_problems(draft, prompts, models=models)
    told = [problem for problem in found if not draft.hides(problem)]
    compiled = compile_draft(draft, prompts, told, bounds)
    assert draft.document is not None
    return CheckedWorkflow(draft.document, compiled)


def check_workflow(
    principal: Principal, values: Any, *, own: str | None = None, table: Table, models: Models
) -> WorkflowCheck:
    """What would be said of a document if it were to be saved. Raises `TooLarge`."""
    principal.require(Action.WORKFLOW_WRITE)
    return told_of(principal.workspace, values, own=own, table=table, models=models)


def told_of(
    workspace: str, values: Any, *, own: str | None, table: Table, models: Models
) -> WorkflowCheck:
    """Whether a document could be saved, and why not. Raises `TooLarge`."""
    try:
        checked = checked_workflow(workspace, values, own=own, table=table, models=models)
    except DocumentInvalid as error:
        problems = tuple(DocumentProblem.of(each) for each in error.problems)
        return WorkflowCheck(valid=False, problems=problems)
    return WorkflowCheck(valid=True, bounds=checked.compiled.bounds)


def _as_written(values: Any) -> Any:
    if isinstance(values, WorkflowDocument):
        return values.model_dump(mode="json")
    return values


def _prompts(
    workspace: str, draft: "Draft", table: Table
) -> tuple[Mapping[str, PromptVersion], list[Problem]]:
    """What the prompt steps refer to now, by step id, and what cannot be found."""
    found: dict[str, PromptVersion] = {}
    problems = []
    for node in draft.nodes(PromptStep):
        try:
            found[node.id] = resolve_ref(workspace, node.step.prompt, table=table)
        except NotFound as error:
            problems.append(Problem(pointer(node.at, "prompt"), "prompt_unknown", str(error)))
        except (Invalid, Conflict) as error:
            problems.append(Problem(pointer(node.at, "prompt"), "prompt_invalid", str(error)))
    return found, problems
