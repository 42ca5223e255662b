"""What a cold start of the worker imports before it calls its first model, by vendor.

Beside it what importing the vendor's own SDK takes by itself, in turns, each in a fresh process.
"""

from pathlib import Path
from statistics import median

from bench.cold_imports import LEAST_PROCESSES, import_ms
from bench.figures import Figure
from promptpilot.adapters.models.vendors import VENDORS

WORKER = (
    "promptpilot.adapters.models.http.connection, functions.step_worker.handler, "
    "promptpilot.adapters.models.registry"
)
"""What `functions.step_worker.entry` imports; that itself wants a deployment."""
SDKS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google.genai",
    "bedrock": "boto3",
}


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Medians of fresh processes."""
    imports = {"": WORKER} | {
        name: f"{WORKER}, promptpilot.adapters.models.{vendor.format.partition(':')[0]}"
        for name, vendor in VENDORS.items()
    }
    ours: dict[str, list[float]] = {name: [] for name in imports}
    sdks: dict[str, list[float]] = {name: [] for name in SDKS}
    for _ in range(max(rounds, LEAST_PROCESSES)):
        for name, modules in imports.items():
            ours[name].append(import_ms(modules))
            if name in SDKS:
                sdks[name].append(import_ms(SDKS[name]))
    worker = median(ours[""])
    return [
        Figure("worker, no vendor", worker, "ms", detail=_fastest(ours[""])),
        *(_figure(name, ours[name], sdks[name], worker) for name in SDKS),
    ]


def _figure(name: str, ours: list[float], sdk: list[float], worker: float) -> Figure:
    return Figure(
        f"worker with {name}",
        median(ours),
        "ms",
        floor=median(sdk),
        floor_name=f"import {SDKS[name]} alone",
        detail=f"{median(ours) - worker:+.0f} ms for its format; {_fastest(ours)}",
    )


def _fastest(taken: list[float]) -> str:
    return f"fastest {min(taken):.0f} ms of {len(taken)} processes"
