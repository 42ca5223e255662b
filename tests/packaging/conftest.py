from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from stacks.packaging.build import build
from stacks.packaging.parts import FUNCTIONS, LAYERS
from stacks.packaging.target import Target
from tests.infra.conftest import deployments, dev
from tests.packaging.alone import Alone

__all__ = ["deployments", "dev"]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Every part, built for this machine: name to folder."""
    folder = tmp_path_factory.mktemp("packages")
    for part in (*LAYERS.values(), FUNCTIONS):
        build(part, Target.host(), folder / part.name)
    return {each.name: each for each in folder.iterdir()}


@pytest.fixture(scope="session")
def alone(packages: Mapping[str, Path]) -> "AloneWith":
    return AloneWith(packages)


class AloneWith:
    """Makes processes that have the functions and some layers, and nothing else."""

    def __init__(self, packages: Mapping[str, Path]) -> None:
        self._packages = packages

    def __call__(self, layers: Iterable[str]) -> Alone:
        folders = [self._packages[name] / LAYERS[name].inside for name in layers]
        return Alone((self._packages["functions"], *folders))
