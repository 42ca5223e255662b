"""What a package depends on, as one hash: the same hash, the same package."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from stacks.packaging.bytecode import can_compile
from stacks.packaging.parts import Libraries, Part
from stacks.packaging.pruning import RULES
from stacks.packaging.target import Target

FORMAT = 1
"""To be raised with a change of how packages are built that the hash would not see."""


def digest(part: Part, target: Target) -> str:
    """Of the sources, the version of Python and whether there is bytecode; of libraries also what
    is left out, and the platform: our own code runs on all.
    """
    built: list[object] = [FORMAT, part.name, part.at, target.python, can_compile(target.python)]
    if isinstance(part, Libraries):
        built += [target.platform, [(rule.patterns, rule.spared) for rule in RULES]]
        files = [part.lock]
    else:
        files = list(sources(part.source))
    hashed = hashlib.sha256(json.dumps(built).encode())
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        hashed.update(f"{file.relative_to(part.source)}\0{content}\n".encode())
    return hashed.hexdigest()


def sources(folder: Path) -> Iterator[Path]:
    """The files of our own code, in order, without what was compiled of them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
