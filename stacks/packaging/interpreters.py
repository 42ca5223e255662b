"""Pythons of this machine."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PYENV_VERSIONS = Path.home() / ".pyenv" / "versions"
ASK = "import sys; print(f'{sys.version_info.major}.{sys.version_info.minor}')"
ASK_SECONDS = 20


@cache
def interpreter(version: str) -> str | None:
    """The path of a Python of this version ("3.13"), where there is one."""
    return next((each for each in _candidates(version) if _version(each) == version), None)


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    if found := shutil.which(f"python{version}"):
        yield found
    yield from map(str, sorted(PYENV_VERSIONS.glob(f"{version}.*/bin/python{version}")))


def _version(executable: str) -> str | None:
    """What it says it is: the name of a file may promise what is not installed."""
    answer = subprocess.run(
        [executable, "-c", ASK], capture_output=True, text=True, timeout=ASK_SECONDS, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
