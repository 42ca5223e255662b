"""What `app.py` synthesised, as its manifest tells: stacks in the order of their dependencies."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STACK = "aws:cloudformation:stack"
ASSETS = "cdk:asset-manifest"


@dataclass(frozen=True)
class FileAsset:
    """A file or folder, and where in the bootstrap bucket CloudFormation looks for it."""

    source: Path
    zipped: bool
    bucket: str
    key: str


@dataclass(frozen=True)
class Stack:
    """One stack: its name, its template's file, and the assets that the template names."""

    name: str
    template: Path
    assets: tuple[FileAsset, ...]

    def read(self) -> dict[str, Any]:
        """The template as it was synthesised."""
        template: dict[str, Any] = json.loads(self.template.read_text())
        return template


def read_assembly(folder: Path) -> tuple[Stack, ...]:
    """The stacks in `folder` (`cdk.out`), each after those it depends on."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    return tuple(
        _stack(folder, name, artifacts)
        for name in _ordered(artifacts)
        if _type(artifacts, name) == STACK
    )


def _type(artifacts: Mapping[str, Any], id: str) -> str:
    return str(artifacts[id]["type"])


def _ordered(artifacts: Mapping[str, Any]) -> Iterator[str]:
    """Every id after its dependencies. A manifest has no circles: synthesis refuses them."""
    seen: set[str] = set()

    def visit(id: str) -> Iterator[str]:
        if id in seen or id not in artifacts:
            return
        seen.add(id)
        for dependency in artifacts[id].get("dependencies", ()):
            yield from visit(dependency)
        yield id

    for name in artifacts:
        yield from visit(name)


def _stack(folder: Path, id: str, artifacts: Mapping[str, Any]) -> Stack:
    artifact = artifacts[id]
    manifests = [
        folder / artifacts[each]["properties"]["file"]
        for each in artifact.get("dependencies", ())
        if _type(artifacts, each) == ASSETS
    ]
    return Stack(
        name=artifact["properties"].get("stackName", id),
        template=folder / artifact["properties"]["templateFile"],
        assets=tuple(asset for each in manifests for asset in _assets(folder, each)),
    )


def _assets(folder: Path, manifest: Path) -> Iterator[FileAsset]:
    for file in json.loads(manifest.read_text()).get("files", {}).values():
        for destination in file["destinations"].values():
            yield FileAsset(
                source=folder / file["source"]["path"],
                zipped=file["source"].get("packaging", "file") == "zip",
                bucket=destination["bucketName"],
                key=destination["objectKey"],
            )
