"""What an execution's references are pinned to when it begins: exact versions of prompts and of
workflows, which labels that move later do not touch.
"""

from promptpilot.domain.execution import Pin, WorkflowPin
from promptpilot.domain.prompt import PromptVersion
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.ports.table import Table
from promptpilot.services.prompts.versions import resolve_ref
from promptpilot.services.workflows.versions import resolve_workflow


def pin_prompts(version: WorkflowVersion, *, table: Table) -> dict[str, Pin]:
    """The prompts of a workflow's steps as of now, by path. Raises as `resolve_ref`."""
    return {
        path: pin_of(resolve_ref(version.workspace, step.prompt, table=table))
        for path, step in version.prompt_steps.items()
    }


def pin_of(prompt: PromptVersion) -> Pin:
    """The pin that means that version."""
    return Pin(prompt_id=prompt.prompt_id, version=prompt.version, digest=prompt.digest)


def pin_workflows(version: WorkflowVersion, *, table: Table) -> dict[str, WorkflowPin]:
    """The workflows that a workflow's steps run as of now, by path; those in turn pin theirs when
    they begin. Raises `NotFound`, `Invalid`.
    """
    return {
        path: workflow_pin_of(
            resolve_workflow(
                version.workspace,
                step.workflow.id,
                version=step.workflow.version,
                label=step.workflow.label,
                table=table,
            )
        )
        for path, step in version.workflow_steps.items()
    }


def workflow_pin_of(version: WorkflowVersion) -> WorkflowPin:
    """The pin that means that version."""
    return WorkflowPin(
        workflow_id=version.workflow_id, version=version.version, digest=version.digest
    )
