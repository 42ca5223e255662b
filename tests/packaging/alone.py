"""Python with the packages of a function and the standard library, and no other."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PATIENCE_SECONDS = 120
ENVIRONMENT = {"AWS_REGION": "eu-central-1"}


class Alone:
    """Runs code in fresh processes that find modules in `folders`."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [str(each) for each in folders]

    def run(self, code: str) -> str:
        """What the code prints. Fails with what it says where it fails."""
        # -I and -S: neither the working directory, nor the environment's paths, nor site-packages.
        ready = f"import sys\nsys.path[:0] = {self._folders}\nsys.dont_write_bytecode = True\n"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "error", "-c", ready + code],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            env=ENVIRONMENT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
