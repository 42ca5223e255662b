"""Answering the steps of a replay from what is recorded of the execution that it replays."""

from promptpilot.clock import now
from promptpilot.domain.execution import ExecutionLog, LogStatus, log_id
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Table
from promptpilot.services.steps.claimed import ClaimedStep
from promptpilot.services.steps.logs import read_claim, read_contents

_TAKEN = (
    "prompt_id",
    "prompt_version",
    "model",
    "model_served",
    "failed_models",
    "input",
    "output",
    "text",
    "tool_calls",
    "tool_uses",
    "dropped_settings",
    "child",
    "cached",
)


def recorded_result(step: ClaimedStep, *, table: Table, blobs: Blobs) -> ExecutionLog | None:
    """The step's log with the recorded result, which costs nothing; None where the step is to run:
    in no replay, from the step on that the replay begins at, and where nothing fits or succeeded.
    """
    replay, job = step.execution.replay_of, step.job
    if replay is None or not _comes_before(step, replay.from_step, table):
        return None
    claimed = read_claim(job.workspace, log_id(replay.execution_id, job), table=table)
    if claimed is None or claimed.log.status is not LogStatus.SUCCEEDED:
        return None
    if (claimed.log.path, claimed.log.kind) != (job.path, job.kind):
        return None  # another version of the workflow, whose steps stand elsewhere
    recorded = read_contents(claimed.stored, blobs=blobs)
    return step.log.model_copy(
        update={
            **{name: getattr(recorded, name) for name in _TAKEN},
            "status": LogStatus.SUCCEEDED,
            "replayed": True,
            "cost_micro_usd": 0,
            "latency_ms": 0.0,
            "ended_at": now(),
        }
    )


def _comes_before(step: ClaimedStep, from_step: str, table: Table) -> bool:
    steps = step.version(table=table).steps.values()
    places = {each.id: place for place, each in enumerate(steps, 1)}
    return step.job.ordinal < places.get(from_step, 0)
