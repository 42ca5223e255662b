"""What becomes of step jobs that were given up: whoever waits for one is told.

A message that is no job cannot be told to anybody. It fails here too, as often as its queue allows,
and then lies in the queue behind it, where operators find it.
"""

import logging
from collections.abc import Mapping
from typing import Any

from functions.sqs_batch import Record, each_record
from promptpilot import platform
from promptpilot.domain.step_job import ModelKeyJob, WorkflowStepJob, parse_step_job
from promptpilot.services.model_keys.checking import abandon_model_key
from promptpilot.services.runs.abandoned_steps import abandon_prompt_run, abandon_workflow_step

logger = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry: a batch of the step queue's dead letters. The engine brings its own one by
    one.
    """
    return each_record(event, _abandon)


def _abandon(record: Record) -> None:
    job = parse_step_job(record["body"])
    here = platform.current()
    told = {"message_id": record["messageId"], "workspace": job.workspace}
    if isinstance(job, WorkflowStepJob):
        logger.error("step abandoned", extra={**told, "execution": job.execution, "path": job.path})
        abandon_workflow_step(
            job, table=here.table, blobs=here.blobs, orchestrator=here.orchestrator
        )
    elif isinstance(job, ModelKeyJob):
        logger.error("check of a key abandoned", extra={**told, "vendor": job.vendor})
        abandon_model_key(job, table=here.table, waiter=here.waiter)
    else:
        logger.error("prompt run abandoned", extra={**told, "log": job.log})
        abandon_prompt_run(job, table=here.table, blobs=here.blobs, waiter=here.waiter)
