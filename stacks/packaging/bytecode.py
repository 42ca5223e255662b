"""Bytecode in the packages.

Where Lambda unpacks a package nothing can be written, so without bytecode every cold start compiles
all it imports. It is made by the very version of Python that will run it, or not at all; and never
checked against its source, since both are in the same package.
"""

import subprocess
from pathlib import Path

from stacks.packaging.interpreters import interpreter

COMPILE_SECONDS = 300


def can_compile(python: str) -> bool:
    """Whether there is a Python of this version here."""
    return interpreter(python) is not None


def compile_for(python: str, folder: Path, at: str) -> None:
    """Put bytecode beside every module in `folder`, which will be run as `at`.

    Without a Python of this version nothing is done.
    """
    executable = interpreter(python)
    if executable is None:
        return
    command = [executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run(
        # A fixed seed, as sets of constants are written in the order of their hashes.
        [*command, "-s", str(folder), "-p", at, str(folder)],
        env={"PYTHONHASHSEED": "0"},
        check=True,
        timeout=COMPILE_SECONDS,
    )
