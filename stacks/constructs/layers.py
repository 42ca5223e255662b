"""The Lambda layers, made once in every stack that has functions.

Not shared between stacks: a layer changes with every release, and what another stack imports must
not change.
"""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.code import layer_code
from stacks.constructs.runtime import architecture, python, wheel_platform
from stacks.settings import Settings

WITHOUT_VENDORS = ("runtime", "core")
WITH_VENDORS = ("runtime", "llm", "core")


class Layers(Construct):
    """The product, what it needs, and where asked for what calls models."""

    def __init__(
        self, scope: Construct, settings: Settings, names: tuple[str, ...] = WITHOUT_VENDORS
    ) -> None:
        super().__init__(scope, "Layers")
        self._versions = {
            name: lambda_.LayerVersion(
                self,
                name,
                layer_version_name=f"{settings.prefix}-{name}",
                code=layer_code(
                    self, name, platform=wheel_platform(settings), python=settings.python
                ),
                compatible_runtimes=[python(settings)],
                compatible_architectures=[architecture(settings)],
            )
            for name in names
        }
        self.without_vendors = [self._versions[name] for name in WITHOUT_VENDORS]

    @property
    def with_vendors(self) -> list[lambda_.LayerVersion]:
        """For the one function that calls models."""
        return [self._versions[name] for name in WITH_VENDORS]
