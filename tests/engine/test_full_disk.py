"""A disk that is full while a map is under way: everything waits, and nothing is lost."""

from embedded.engine.engine import Engine
from tests.engine.asl import machine, map_, task
from tests.engine.patience import until
from tests.engine.scripted_worker import ScriptedWorker, silence
from tests.engine.statuses import Statuses


def test_a_map_under_way_goes_on_when_there_is_room_again(
    engine: Engine, statuses: Statuses, worker: ScriptedWorker
) -> None:
    worker.script("it", *[silence] * 20)
    output = "{% $count($states.result) %}"
    each = map_({"it": task("it")}, Items="{% [1..40] %}", MaxConcurrency=20, Output=output)
    engine.start(machine({"each": each}), "one", {})
    worker.wait_for_job("it", 20)
    writer = engine.database._writer
    [pages] = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    before = list(worker.jobs)

    def settle() -> None:
        for job in before:
            engine.succeed_task(job["token"], {"text": "x" * 5_000})

    engine.on_loop(settle)
    until(lambda: engine.journal.down)
    assert len(worker.jobs) == 20
    writer.execute("PRAGMA max_page_count = 1000000")
    assert statuses.output_of("one") == 40
    assert not engine.journal.down
    assert len(worker.jobs) == 40
