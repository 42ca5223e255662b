"""What a cold start of each Lambda function imports, before its first event."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.figures import Figure

FUNCTIONS = Path(__file__).parents[1] / "functions"
FLOOR = "boto3"
GOAL_MS = {"api": 350, "step_worker": 350}
LEAST_PROCESSES = 7
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"

TIMED = """
import time
started = time.perf_counter()
import {module}
print((time.perf_counter() - started) * 1000)
"""


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Import each function's handler in fresh processes, in turns with the floor's."""
    modules = {name: f"functions.{name}.handler" for name in function_names()}
    taken: dict[str, list[float]] = {name: [] for name in (FLOOR, *modules)}
    for _ in range(max(rounds, LEAST_PROCESSES)):
        for name, module in {FLOOR: FLOOR, **modules}.items():
            taken[name].append(import_ms(module))
    return [_figure(name, taken[name], median(taken[FLOOR])) for name in taken]


def function_names() -> Iterator[str]:
    """The folders that hold a handler."""
    yield from sorted(each.parent.name for each in FUNCTIONS.glob("*/handler.py"))


def import_ms(module: str, python: str = sys.executable) -> float:
    """How long a fresh process takes to import a module, in ms."""
    code = TIMED.format(module=module)
    # Bytecode is there on Lambda; an environment that forbids to write any is not asked.
    environ = {name: value for name, value in os.environ.items() if name != NO_BYTECODE}
    done = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, env=environ
    )
    return float(done.stdout)


def _figure(name: str, taken: list[float], floor: float) -> Figure:
    return Figure(
        name,
        median(taken),
        "ms",
        goal=f"<= {GOAL_MS[name]}" if name in GOAL_MS else "",
        floor=floor,
        floor_name=f"import {FLOOR}",
        detail=f"fastest {min(taken):.0f} ms of {len(taken)} processes",
    )
