"""Builds packages. Those of libraries are kept in `build/packages` by their digests."""

import shutil
import sys
import tempfile
from pathlib import Path

from stacks.packaging.bytecode import compile_for
from stacks.packaging.digest import digest, sources
from stacks.packaging.installer import install
from stacks.packaging.parts import ROOT, Libraries, OwnCode, Part
from stacks.packaging.pruning import prune
from stacks.packaging.sizes import size_mb
from stacks.packaging.target import Target

KEPT = ROOT / "build" / "packages"


def build(part: Part, target: Target, package: Path) -> None:
    """Fill the folder `package`, and say how large it is. Raises `InstallFailed`."""
    if isinstance(part, Libraries):
        shutil.copytree(kept(part, target), package, dirs_exist_ok=True)
    else:
        _copy(part, package / part.inside)
        compile_for(target.python, package, part.at)
    what = f"{part.name}, Python {target.python}"
    sys.stderr.write(f"Package {what}: {size_mb(package):.1f} MB of at most {part.max_mb:.0f}\n")


def kept(part: Libraries, target: Target) -> Path:
    """The built package, made now where it is not there. Not to be changed."""
    package = KEPT / f"{part.name}-{digest(part, target)[:16]}"
    if not package.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            unfinished = Path(folder) / "package"
            _install(part, target, unfinished)
            _keep(unfinished, package)
    return package


def _install(part: Libraries, target: Target, package: Path) -> None:
    libraries = package / part.inside
    install(part.lock, target, libraries)
    prune(libraries)
    compile_for(target.python, package, part.at)


def _keep(unfinished: Path, package: Path) -> None:
    """Whole or not at all; another process may have been faster."""
    try:
        unfinished.rename(package)
    except OSError:
        if not package.exists():
            raise


def _copy(part: OwnCode, into: Path) -> None:
    for file in sources(part.source):
        copy = into / file.relative_to(part.source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
