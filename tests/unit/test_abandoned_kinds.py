"""Jobs that were given up, of the kinds of step that wait or call servers."""

from typing import Any

import pytest

from promptpilot.domain.execution import LogStatus
from promptpilot.domain.step_job import WorkflowStepJob
from promptpilot.services.runs.abandoned_steps import abandon_workflow_step
from tests.unit.kinds_world import KindsWorld

ASK = {"id": "ask", "kind": "approval"}
CALL = {"id": "call", "kind": "action", "action": "http.request", "with": {"url": "http://x"}}


def abandon(world: KindsWorld, job: WorkflowStepJob) -> None:
    abandon_workflow_step(
        job, table=world.ports.table, blobs=world.ports.blobs, orchestrator=world.orchestrator
    )


@pytest.mark.parametrize("step", [ASK, CALL], ids=["approval", "action"])
@pytest.mark.parametrize("begun", [True, False])
def test_a_step_that_no_worker_could_do_fails(step: dict[str, Any], *, begun: bool) -> None:
    world = KindsWorld(step)
    execution = world.run()
    job = world.job_of(execution, step["id"])
    if begun:
        world.claim(job, receive_count=3)
    abandon(world, job)
    [log] = world.logs(execution)
    assert (log.status, log.error.name) == (LogStatus.FAILED, "StepAbandoned")
    assert world.orchestrator.failed[job.token][0] == "StepAbandoned"


async def test_a_step_that_waits_goes_on_waiting() -> None:
    world = KindsWorld(ASK)
    execution = world.run()
    job = world.job_of(execution, "ask")
    await world.do(execution, "ask")
    abandon(world, job)
    [log] = world.logs(execution)
    assert log.status is LogStatus.WAITING
    assert world.orchestrator.failed == {}
