"""The worker behind the step queue: a batch of step jobs at once, so that waiting is shared."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from promptpilot import platform
from promptpilot.domain.step_job import PromptRunJob, StepJob, WorkflowStepJob
from promptpilot.services.step_runs import Ports, run_prompt_job, run_workflow_step

logger = logging.getLogger(__name__)

_job: TypeAdapter[WorkflowStepJob | PromptRunJob] = TypeAdapter(StepJob)
_loop: asyncio.AbstractEventLoop | None = None


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry: a batch of SQS records; answers those to deliver again."""
    return _own_loop().run_until_complete(handle(event))


async def handle(event: Mapping[str, Any]) -> dict[str, Any]:
    """Run all jobs of a batch concurrently; each fails for itself."""
    records = event["Records"]
    outcomes = await asyncio.gather(*map(_run, records), return_exceptions=True)
    failures = []
    for record, outcome in zip(records, outcomes, strict=True):
        if isinstance(outcome, Exception):
            logger.error(
                "step job failed", extra={"message_id": record["messageId"]}, exc_info=outcome
            )
            failures.append({"itemIdentifier": record["messageId"]})
        elif isinstance(outcome, BaseException):
            raise outcome
    return {"batchItemFailures": failures}


async def _run(record: Mapping[str, Any]) -> None:
    job = _job.validate_json(record["body"])
    receive_count = int(record["attributes"]["ApproximateReceiveCount"])
    here = platform.current()
    ports = Ports(
        table=here.table,
        blobs=here.blobs,
        models=here.models,
        orchestrator=here.orchestrator,
        waiter=here.waiter,
        offload=here.offload,
    )
    if isinstance(job, WorkflowStepJob):
        await run_workflow_step(job, receive_count, ports)
    else:
        await run_prompt_job(job, receive_count, ports)


def _own_loop() -> asyncio.AbstractEventLoop:
    """One loop for all invocations, since the clients of the models live on it."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
    return _loop
