"""`python -m stacks.packaging FOLDER`: builds every part into a folder of its own name."""

import argparse
from pathlib import Path

from stacks.packaging.build import build
from stacks.packaging.parts import FUNCTIONS, LAYERS
from stacks.packaging.target import HOST, HOST_PYTHON, Target


def main() -> None:
    """Run from the command line; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m stacks.packaging", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--platform", default=HOST, help="such as manylinux2014_aarch64")
    parser.add_argument("--python", default=HOST_PYTHON, help="such as 3.13")
    arguments = parser.parse_args()
    for part in (*LAYERS.values(), FUNCTIONS):
        build(part, Target(arguments.platform, arguments.python), arguments.folder / part.name)


main()
