"""The value of a step in the state machine's state: `$summarize` and its fields."""

from collections.abc import Mapping
from typing import Any

from promptpilot.domain.base import canonical_json
from promptpilot.domain.execution import ExecutionLog
from promptpilot.ports.blobs import Blobs

STATE_BYTES = 128 * 1024
"""A result above this size stays out of the state; the state gets its blob's digest and a preview.

Step Functions carries at most 256 KiB in a payload or a variable.
"""
CALLS_BYTES = STATE_BYTES // 2
"""A list of tool calls above this size stays out likewise."""
PREVIEW_CHARACTERS = 1_000


def step_result(log: ExecutionLog, *, blobs: Blobs) -> Any:
    """The result of a step that succeeded: of a prompt `{output, text, model, usage, cost, log}`,
    with `tool_calls` where the model asks for tools; of any other kind its output.

    `cost` is in micro-US-dollars, null where unknown. Of what is too large for the state, the
    largest part is `{blob, preview}` instead.
    """
    if log.kind == "prompt":
        return _prompt_result(log, blobs)
    return _fitting(log, log.output, blobs)


def _prompt_result(log: ExecutionLog, blobs: Blobs) -> dict[str, Any]:
    result = {
        "output": log.output,
        "text": log.text,
        "model": log.model_served,
        "usage": log.usage.model_dump() if log.usage else None,
        "cost": log.cost_micro_usd,
        "log": log.id,
    }
    if log.tool_calls:
        calls = [each.model_dump(mode="json") for each in log.tool_calls]
        result["tool_calls"] = calls if _size(calls) <= CALLS_BYTES else _moved(log, calls, blobs)
    # Text and output say the same; JSON makes at most 6 bytes of a character.
    elif log.text is not None and len(log.text) < STATE_BYTES // 16:
        return result
    if _size(result) <= STATE_BYTES:
        return result
    digest = blobs.put(log.workspace, canonical_json(log.output).encode())
    preview = (log.text or "")[:PREVIEW_CHARACTERS]
    return {**result, "output": {"blob": digest, "preview": preview}, "text": preview}


def _fitting(log: ExecutionLog, value: Any, blobs: Blobs) -> Any:
    """An object keeps its other fields: the status of an answer can be asked whatever its body."""
    if _size(value) <= STATE_BYTES:
        return value
    if isinstance(value, Mapping):
        largest = max(value, key=lambda name: _size(value[name]))
        lighter = {**value, largest: _moved(log, value[largest], blobs)}
        if _size(lighter) <= STATE_BYTES:
            return lighter
    return _moved(log, value, blobs)


def _moved(log: ExecutionLog, value: Any, blobs: Blobs) -> dict[str, str]:
    text = canonical_json(value)
    preview = value if isinstance(value, str) else text
    digest = blobs.put(log.workspace, text.encode())
    return {"blob": digest, "preview": preview[:PREVIEW_CHARACTERS]}


def _size(value: Any) -> int:
    return len(canonical_json(value).encode())
