"""Examples of the playground for the documentation."""

from functions.api.routes.examples import AT, MODEL, PROMPT_ID, USER_ID, WORKSPACE_ID, sent
from promptpilot.errors import NotFound

RUN_ID = "run_01JD8WKB8D0F2G4H6J8K0M2N4P"
_OTHER = "openai/gpt-5-nano"
_LOGS = [f"log_01JD8WKB8D0F2G4H6J8K0M2N4P_{place}" for place in (1, 2)]
COMPARISON = sent(
    {
        "prompt_id": PROMPT_ID,
        "label": "production",
        "variables": {"notes": "Ship on Friday."},
        "models": [MODEL, _OTHER],
    }
)
RUN = {
    "id": RUN_ID,
    "workspace": WORKSPACE_ID,
    "prompt_id": PROMPT_ID,
    "version": "1.2.0",
    "logs": [{"model": MODEL, "log": _LOGS[0]}, {"model": _OTHER, "log": _LOGS[1]}],
    "created_by": USER_ID,
    "created_at": AT,
}
CANCELLED = {**RUN, "cancelled_by": USER_ID}
PROGRESS = {
    "items": [
        {"type": "run.text", "log": _LOGS[0], "model": MODEL, "offset": 0, "text": "They ship "},
        {"type": "run.text", "log": _LOGS[1], "model": _OTHER, "offset": 0, "text": "Shipping: "},
        {"type": "run.text", "log": _LOGS[0], "model": MODEL, "offset": 10, "text": "on Friday."},
        {
            "type": "run.succeeded",
            "log": _LOGS[0],
            "model": MODEL,
            "usage": {
                "input_tokens": 12,
                "cached_tokens": 0,
                "output_tokens": 6,
                "reasoning_tokens": 0,
            },
            "cost_micro_usd": 0,
            "latency_ms": 412.5,
        },
    ],
    "next_cursor": "bmV4dA",
    "done": False,
}
UNKNOWN = NotFound(kind="run", id=RUN_ID)
