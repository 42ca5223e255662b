"""The code of functions and layers as assets: built on this machine, without Docker."""

from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.packaging.build import build
from stacks.packaging.digest import digest
from stacks.packaging.parts import FUNCTIONS, LAYERS, Part
from stacks.packaging.target import HOST, HOST_PYTHON, Target

PLATFORM_KEY = "layers:platform"
PYTHON_KEY = "layers:python"


def functions_code(scope: Construct, *, python: str) -> lambda_.Code:
    """All functions in one asset, under the names they have here: `functions.<name>`."""
    return _code(FUNCTIONS, _target(scope, HOST, python))


def layer_code(scope: Construct, name: str, *, platform: str, python: str) -> lambda_.Code:
    """One of `LAYERS`, for a platform ("manylinux2014_aarch64") and a Python ("3.13")."""
    return _code(LAYERS[name], _target(scope, platform, python))


def _target(scope: Construct, platform: str, python: str) -> Target:
    """What to build for: as given, unless the context says otherwise. `-c layers:platform=host` is
    for an emulated cloud, whose functions run on this machine, and then on the Python that runs
    here, or on that of `-c layers:python=3.12`.
    """
    chosen = scope.node.try_get_context(PLATFORM_KEY)
    default = HOST_PYTHON if chosen == HOST else python
    return Target(chosen or platform, scope.node.try_get_context(PYTHON_KEY) or default)


def _code(part: Part, target: Target) -> lambda_.Code:
    """The asset is named after what it depends on, so what has not changed is not built again."""
    return lambda_.Code.from_asset(
        str(part.source),
        asset_hash=digest(part, target),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("none"),  # CDK wants a name; nothing is ever run in it
            command=[target.platform, target.python],
            local=_Local(part, target),
        ),
    )


@jsii.implements(ILocalBundling)
class _Local:
    """Builds a part into the folder that CDK gives."""

    def __init__(self, part: Part, target: Target) -> None:
        self._part = part
        self._target = target

    def try_bundle(self, output_dir: str, *, image: DockerImage, **options: object) -> bool:
        """Build. Whatever fails is raised: there is no other way to build."""
        build(self._part, self._target, Path(output_dir))
        return True
