"""The value of a prompt step in the state machine's state: `$summarize` and its fields."""

from typing import Any

from promptpilot.domain.base import canonical_json
from promptpilot.domain.execution import ExecutionLog
from promptpilot.ports import Blobs

STATE_BYTES = 128 * 1024
"""A result above this size stays out of the state; the state gets its blob's digest and a preview.

Step Functions carries at most 256 KiB in a payload or a variable.
"""
PREVIEW_CHARACTERS = 1_000


def step_result(log: ExecutionLog, *, blobs: Blobs) -> dict[str, Any]:
    """`{output, text, model, usage, cost, log}` of a step that succeeded.

    `cost` is in micro-US-dollars, null where unknown. A result that is too large for the state has
    `output: {blob, preview}` and the preview as its `text`.
    """
    result = {
        "output": log.output,
        "text": log.text,
        "model": log.model_served,
        "usage": log.usage.model_dump() if log.usage else None,
        "cost": log.cost_micro_usd,
        "log": log.id,
    }
    if _fits(log, result):
        return result
    digest = blobs.put(log.workspace, canonical_json(log.output).encode())
    preview = (log.text or "")[:PREVIEW_CHARACTERS]
    return {**result, "output": {"blob": digest, "preview": preview}, "text": preview}


def _fits(log: ExecutionLog, result: dict[str, Any]) -> bool:
    # Text and output say the same; JSON makes at most 6 bytes of a character.
    if log.text is not None and len(log.text) < STATE_BYTES // 16:
        return True
    return len(canonical_json(result).encode()) <= STATE_BYTES
