"""From starting a process to its being ready, and what it weighs then."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.processes import module, product


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Start each server afresh `rounds` times, in turns, the product on a new data folder."""
    ready: dict[str, list[float]] = {"python": [], "hello": [], "product": []}
    memory: dict[str, list[float]] = {"hello": [], "product": []}
    cpu: list[float] = []
    for number in range(rounds):
        ready["python"].append(_bare_python())
        with module("bench.hello", folder / f"hello-{number}.log") as server:
            ready["hello"].append(server.ready_seconds)
            memory["hello"].append(server.memory_mb())
        with product(folder / str(number)) as server:
            ready["product"].append(server.ready_seconds)
            memory["product"].append(server.memory_mb())
            cpu.append(server.cpu_seconds())
    seconds = {name: median(each) for name, each in ready.items()}
    weight = {name: median(each) for name, each in memory.items()}
    return [
        Figure(
            "server ready",
            seconds["product"],
            "s",
            goal="<= 2",
            floor=seconds["hello"],
            floor_name="bare uvicorn",
            detail=f"fastest {min(ready['product']):.2f} s, CPU {median(cpu):.2f} s",
        ),
        Figure(
            "memory when ready",
            weight["product"],
            "MB",
            goal="<= 150",
            floor=weight["hello"],
            floor_name="bare uvicorn",
        ),
        Figure("bare python -c pass", seconds["python"], "s"),
    ]


def _bare_python() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started
