"""Executions that wait for somebody, in their thousands."""

import gc
import tracemalloc

import pytest

from embedded.engine.engine import Engine
from tests.engine.asl import machine, map_, task
from tests.engine.scripted_worker import ScriptedWorker, silence

COUNT = 200
MOST_BYTES = 50_000
APPROVAL = task("a", TimeoutSeconds=86_400)
FEW = {"each": map_({"a": APPROVAL}, Items=[1, 2, 3])}


@pytest.mark.parametrize(("states", "tasks"), [({"a": APPROVAL}, 1), (FEW, 3)])
def test_an_execution_that_waits_costs_little(
    engine: Engine, worker: ScriptedWorker, states: dict[str, object], tasks: int
) -> None:
    worker.script("a", *[silence] * (COUNT + 1) * tasks)
    which = machine(states)
    engine.start(which, "first", {"notes": "n" * 2_000})
    worker.wait_for_job("a", tasks)
    tracemalloc.start()
    for n in range(COUNT):
        engine.start(which, f"run-{n}", {"notes": "n" * 2_000})
    worker.wait_for_job("a", (COUNT + 1) * tasks)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / COUNT < MOST_BYTES
