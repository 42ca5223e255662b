"""Installs locked libraries into a folder, for any machine: by uv, and by pip where uv cannot."""

import shutil
import subprocess
import sys
from pathlib import Path

from stacks.packaging.target import Target

INSTALL_SECONDS = 600
LOCKED = ("--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:")
"""Nothing is resolved, and nothing that could run on the machine that builds."""

UV_PLATFORMS = {
    "manylinux2014_aarch64": "aarch64-manylinux2014",
    "manylinux2014_x86_64": "x86_64-manylinux2014",
}
"""What uv calls the platforms that pip knows by the tags of their wheels."""


class InstallFailed(Exception):
    """Neither uv nor pip could install `lock`; what each had to say is in the message."""

    def __init__(self, lock: Path, said: list[str]) -> None:
        super().__init__("\n".join([f"{lock} cannot be installed", *said]))
        self.lock = lock


def install(lock: Path, target: Target, folder: Path) -> None:
    """Install what `lock` names into `folder`. Raises `InstallFailed`."""
    said = []
    for command in (_uv(target), _pip(target)):
        if command is None:
            continue
        done = subprocess.run(
            [*command, *LOCKED, "--target", str(folder), "-r", str(lock)],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode == 0:
            return
        said.append(done.stderr.strip())
        shutil.rmtree(folder, ignore_errors=True)
    raise InstallFailed(lock, said)


def _uv(target: Target) -> list[str] | None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        return None
    command = [uv, "pip", "install", "--python", sys.executable, "--link-mode", "copy"]
    command += ["--python-version", target.python]
    return command if target.is_host else [*command, "--python-platform", _uv_platform(target)]


def _uv_platform(target: Target) -> str:
    return UV_PLATFORMS.get(target.platform, target.platform)


def _pip(target: Target) -> list[str]:
    """Markers are asked of this machine, not the target; those in the locks are about neither."""
    command = [sys.executable, "-m", "pip", "install", "--no-compile"]
    command += ["--implementation", "cp", "--python-version", target.python]
    return command if target.is_host else [*command, "--platform", target.platform]
