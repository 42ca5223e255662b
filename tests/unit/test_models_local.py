"""The child process that runs the model that ships, and who watches it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from embedded.local_model import COMMAND, LOG_FILE, LocalModel
from promptpilot.step_errors import ModelUnavailable

SECONDS = 30.0

READY = """
import json, sys
config = json.loads(sys.stdin.readline())
print("native chatter", file=sys.stderr, flush=True)
print("http://127.0.0.1:4321", flush=True)
sys.stdin.read()
"""
BROKEN = "import sys; sys.exit('no such instruction set')"
NEVER_READY = "import sys; sys.stdin.read()"


def program(text: str) -> Sequence[str]:
    return (sys.executable, "-c", text)


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Callable[..., LocalModel]]:
    """Makes and starts a model on the given child program; closes it in the end."""
    made: list[LocalModel] = []

    def make(text: str = READY, **options: str) -> LocalModel:
        made.append(LocalModel(tmp_path, command=program(text), **options))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.close()


async def until(holds: Callable[[], bool]) -> None:
    """Look at another process's doings until they are as they should be."""

    def look() -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    await asyncio.to_thread(look)


async def endpoint(model: LocalModel) -> str:
    return (await asyncio.wait_for(model.endpoint(), SECONDS)).base_url


async def test_a_model_is_ready_when_its_child_says_where_it_listens(
    model: Callable[..., LocalModel],
) -> None:
    running = model()
    assert await endpoint(running) == "http://127.0.0.1:4321/v1"
    assert running.unavailable_reason is None


async def test_the_key_is_random_and_on_no_command_line(model: Callable[..., LocalModel]) -> None:
    first, second = model(), model()
    keys = [(await each.endpoint()).api_key.get_secret_value() for each in (first, second)]
    assert keys[0] != keys[1]
    assert min(map(len, keys)) >= 32
    for child in psutil.Process().children():
        assert not [key for key in keys if key in " ".join(child.cmdline())]
    assert keys[0] not in repr(await first.endpoint())


async def test_the_childs_chatter_goes_to_its_log(
    model: Callable[..., LocalModel], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await endpoint(model())
    assert "native chatter" in (tmp_path / LOG_FILE).read_text()
    assert capfd.readouterr() == ("", "")


def test_a_model_that_still_starts_is_not_available_yet(model: Callable[..., LocalModel]) -> None:
    assert model(NEVER_READY).unavailable_reason == "It is still starting."


async def test_whoever_gives_up_waiting_leaves_the_others_waiting(
    model: Callable[..., LocalModel], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    waiting = READY.replace(
        'print("http',
        f'import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\nprint("http',
    )
    running = model(waiting)
    patient = [asyncio.create_task(running.endpoint()) for _ in range(3)]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(running.endpoint(), 0.05)
    gate.touch()
    for each in patient:
        assert (await asyncio.wait_for(each, SECONDS)).base_url == "http://127.0.0.1:4321/v1"


async def test_a_child_that_dies_is_started_again(model: Callable[..., LocalModel]) -> None:
    running = model()
    before = await running.endpoint()
    child = running.process_id
    psutil.Process(child).kill()
    await until(lambda: running.process_id != child)
    after = await running.endpoint()
    assert after.api_key != before.api_key
    assert running.unavailable_reason is None


async def test_a_child_that_cannot_start_makes_calls_fail_at_once_with_the_reason(
    model: Callable[..., LocalModel], tmp_path: Path
) -> None:
    running = model(BROKEN)
    with pytest.raises(ModelUnavailable, match="could not be started"):
        await endpoint(running)
    assert running.unavailable_reason is not None
    assert LOG_FILE in running.unavailable_reason
    assert "no such instruction set" in (tmp_path / LOG_FILE).read_text()


async def test_a_child_that_could_not_start_is_tried_again(
    model: Callable[..., LocalModel], tmp_path: Path
) -> None:
    marker = tmp_path / "tried"
    flaky = (
        f"import os, sys\nif not os.path.exists({str(marker)!r}):\n"
        f"    open({str(marker)!r}, 'w').close(); sys.exit(1)\n{READY}"
    )
    running = model(flaky)
    with pytest.raises(ModelUnavailable):
        await endpoint(running)
    await until(lambda: running.unavailable_reason is None)
    assert await endpoint(running) == "http://127.0.0.1:4321/v1"


async def test_a_program_that_is_not_there_is_a_reason_and_no_crash(tmp_path: Path) -> None:
    running = LocalModel(tmp_path, command=(str(tmp_path / "nothing"),))
    running.start()
    with pytest.raises(ModelUnavailable, match="could not be started"):
        await endpoint(running)
    running.close()


async def test_missing_weights_are_a_reason(model: Callable[..., LocalModel]) -> None:
    running = model(package="no-such-distribution")
    with pytest.raises(ModelUnavailable, match="not installed"):
        await endpoint(running)


@pytest.mark.parametrize("text", [READY, NEVER_READY])
async def test_closing_ends_the_child_and_whoever_waits(
    model: Callable[..., LocalModel], text: str
) -> None:
    running = model(text)
    waiting = asyncio.create_task(running.endpoint())
    await until(lambda: running.process_id is not None)
    running.close()
    assert not psutil.pid_exists(running.process_id), "the child is not reaped"
    if text == NEVER_READY:
        with pytest.raises(ModelUnavailable, match="stopped"):
            await asyncio.wait_for(waiting, SECONDS)
    else:
        waiting.cancel()
    assert running.unavailable_reason == "It has been stopped."


def test_closing_what_was_never_started_is_fine(tmp_path: Path) -> None:
    model = LocalModel(tmp_path)
    model.close()
    assert model.unavailable_reason == "It has been stopped."


PARENT = f"""
import asyncio, sys, time
from pathlib import Path
from embedded.local_model import LocalModel
model = LocalModel(Path({"{data!r}"}))
model.start()
asyncio.run(model.endpoint())
print(model.process_id, flush=True)
time.sleep(600)
"""


def test_the_real_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = program(PARENT.format(data=str(tmp_path)))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            child = psutil.Process(int(parent.stdout.readline()))
            assert os.getpgid(child.pid) == child.pid, "a Ctrl-C for the parent would kill it"
            assert child.cmdline()[-len(COMMAND) + 1 :] == list(COMMAND[1:])
        finally:
            parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs([child], timeout=SECONDS)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
