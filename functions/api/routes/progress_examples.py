"""An example of an execution's progress for the OpenAPI document."""

from typing import Any

from functions.api.routes import examples

_STEP = {"step": "summarize", "path": "summarize", "iteration": None}

PROGRESS: dict[str, Any] = {
    "items": [
        {
            "type": "state.entered",
            "id": 1,
            "at": examples.AT,
            "state": "summarize",
            **_STEP,
            "error": None,
        },
        {
            "type": "step.text",
            "log": examples.LOG_ID,
            **_STEP,
            "offset": 0,
            "text": "The release is on Friday; ",
        },
    ],
    "next_cursor": "kq0vT8cXw2sJ5yZ1bN4m7AeyJoIjoxfQ",
    "status": "running",
    "usage": {"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0},
    "cost_micro_usd": 0,
}
