"""Work that is wide: calls that wait for no other, from a workflow and from a bare loop."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bench.chain_work import Ask

BRANCHES = 20
ITEMS = 1_000
AT_ONCE = 100
TEMPLATE = "Find a headline for:\n{{text}}"


def texts(run: int, count: int) -> list[str]:
    """The texts of one run: no two runs send the same requests."""
    return [f"Report {run}, part {number}." for number in range(count)]


def ideal_seconds(calls: int, at_once: int, latency_ms: float) -> float:
    """What the calls take where nothing but the model takes time."""
    return -(-calls // at_once) * latency_ms / 1000


async def run_bare(ask: Ask, texts: Sequence[str], at_once: int) -> list[str]:
    """The calls without any product, at most so many at once; the answers in order."""
    free = asyncio.Semaphore(at_once)

    async def call(text: str) -> str:
        async with free:
            return await ask(TEMPLATE.replace("{{text}}", text))

    return list(await asyncio.gather(*(call(text) for text in texts)))


def fan_out(prompt: str, model: str, branches: int = BRANCHES) -> dict[str, Any]:
    """A workflow of one step with parallel branches, each one call; its output is the answers."""
    steps = {
        f"branch_{number}": [
            _ask(f"ask_{number}", prompt, model, f"{{% $input.texts[{number}] %}}")
        ]
        for number in range(branches)
    }
    fields = ", ".join(f"$fan.branch_{number}.text" for number in range(branches))
    return {
        "name": "Fan-out",
        "input": _TEXTS,
        "steps": [{"id": "fan", "kind": "parallel", "branches": steps}],
        "output": f"{{% [{fields}] %}}",
    }


def mapped(prompt: str, model: str, at_once: int = AT_ONCE) -> dict[str, Any]:
    """A workflow that maps the texts, one call for each; its output is the answers.

    Of each call's result only the text is kept: a thousand whole ones do not fit a state.
    """
    steps = [
        _ask("ask", prompt, model, "{% $text %}"),
        {"id": "said", "kind": "transform", "value": "{% $ask.text %}"},
    ]
    step: dict[str, Any] = {"id": "headlines", "kind": "map", "as": "text"}
    step["items"] = "{% $input.texts %}"
    step |= {"concurrency": at_once, "max_items": ITEMS, "steps": steps}
    return {"name": "Map", "input": _TEXTS, "steps": [step], "output": "{% $headlines %}"}


def approval() -> dict[str, Any]:
    """A workflow that waits until somebody decides."""
    step = {"id": "decided", "kind": "approval", "message": "Go on?", "timeout": "7d"}
    return {"name": "Wait for approval", "steps": [step], "output": "{% $decided.decision %}"}


_TEXTS = {
    "type": "object",
    "properties": {"texts": {"type": "array", "items": {"type": "string"}, "maxItems": ITEMS}},
    "required": ["texts"],
}


def _ask(step: str, prompt: str, model: str, text: str) -> dict[str, Any]:
    ref = {"id": prompt, "version": "1.0.0"}
    return {"id": step, "kind": "prompt", "prompt": ref, "model": model, "with": {"text": text}}
