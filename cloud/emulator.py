"""The emulated cloud: one process on loopback that speaks AWS's APIs and runs the functions.

It is a package of its own environment (`requirements-cloud.txt`), so all there is between it and us
is a command, a port, and variables.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
ACCOUNT = "000000000000"
REGION = "us-east-1"
READY_SECONDS = 60
STOP_SECONDS = 20
LOG_FILE = "emulator.log"
CALLS_FILE = "calls.jsonl"
STATE = "state"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only to make a folder of our own in
ROOM_BYTES = 4 * 1024**3
PYTHON = Path(".venv-cloud/bin/python")
PROGRAM = Path(__file__).with_name("emulator_process.py")
WITHOUT_OUR_MODULES = "-P"


class EmulatorError(Exception):
    """The emulator did not start, or ended by itself."""


@dataclass(frozen=True)
class Emulator:
    """One that runs: where it is, its process, the file it logs to, and the one that tells of every
    call.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    calls: Path


@contextmanager
def running_emulator(
    folder: Path, *, python: Path = PYTHON, auth: bool = True
) -> Iterator[Emulator]:
    """Start an emulator that keeps everything in `folder`, and stop it in the end.

    With `auth` it holds every function to the role it was given. Raises `EmulatorError` where it is
    not ready in time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / STATE, ignore_errors=True)
    temporary = _temporary_folder()
    port = _free_port()
    log, calls = folder / LOG_FILE, folder / CALLS_FILE
    calls.unlink(missing_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [python.absolute(), WITHOUT_OUR_MODULES, PROGRAM, calls.absolute()],
            env=_environment(folder.absolute(), temporary, port, auth=auth),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    emulator = Emulator(f"http://{LOOPBACK}:{port}", process, log, calls)
    try:
        _wait_until_ready(emulator)
        yield emulator
    finally:
        _stop(process)
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary_folder() -> Path:
    """Where the code of functions is unpacked, anew for every process that runs one: thousands of
    files, so in memory where there is room.
    """
    roomy = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES
    return Path(tempfile.mkdtemp(prefix="promptpilot-cloud-", dir=IN_MEMORY if roomy else None))


def _environment(folder: Path, temporary: Path, port: int, *, auth: bool) -> dict[str, str]:
    """Nothing of this process's: every function sees what the emulator sees."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        "STATE_DIR": str(folder / STATE),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AUTH": "true" if auth else "false",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "CLOUDTRAIL_RECORDING": "1",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(emulator: Emulator) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if emulator.process.poll() is not None:
            raise EmulatorError(f"the emulator ended at once: {_tail(emulator.log)}")
        if _is_ready(emulator.url):
            return
        time.sleep(0.1)
    raise EmulatorError(f"the emulator is not ready in {READY_SECONDS} s: {_tail(emulator.log)}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/ready", timeout=5) as reply:  # noqa: S310
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the emulator and the functions that it runs, which are its process group."""
    assert process.stdin is not None
    process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
