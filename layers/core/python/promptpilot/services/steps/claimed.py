"""What the run of each kind of step is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from promptpilot.clock import epoch_ms
from promptpilot.domain.execution import Execution, ExecutionLog
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.domain.workflow_steps import JobStep
from promptpilot.ports.table import Table
from promptpilot.services.steps.logs import Claimed
from promptpilot.services.steps.ports import Ports
from promptpilot.services.workflows.versions import load_workflow_version

J = TypeVar("J", bound=JobStep)


class StepBusyError(Exception):
    """Another worker is at the step; the queue is to deliver its job again later."""


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """A step that this worker has to itself. `waited_seconds` is how long its job was queued."""

    job: WorkflowStepJob
    execution: Execution
    claimed: Claimed
    waited_seconds: float = 0.0

    @property
    def log(self) -> ExecutionLog:
        """The step's log, as it begins."""
        return self.claimed.log

    @property
    def begun_ms(self) -> int:
        """When its state began, and so its time: milliseconds since 1970."""
        return epoch_ms() - round(self.waited_seconds * 1000)

    def version(self, *, table: Table) -> WorkflowVersion:
        """The workflow's version. Raises `NotFound`."""
        job = self.job
        return load_workflow_version(job.workspace, job.workflow, job.version, table=table)

    def config(self, kind: type[J], *, table: Table) -> J:
        """What the workflow's author wrote of the step. Raises `StepInvalid`, `NotFound`."""
        return self.version(table=table).job_step(self.job.path, kind)


Run = Callable[[ClaimedStep, Ports], Awaitable[ExecutionLog]]
"""Runs a claimed step. Returns its log: as it ended, for who called to record, or waiting, which
the run itself has written. Raises a `StepError`, or any other of our errors for a step that cannot
work; `Unavailable` where the job is to come again.
"""
