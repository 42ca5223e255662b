"""The Lambda layers, made once in every stack that has functions.

Not shared between stacks: a layer changes with every release, and what another stack imports must
not change.
"""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.code import layer_code
from stacks.constructs.runtime import architecture, python, wheel_platform
from stacks.settings import Settings

PLAIN = ("runtime", "core")
VENDORS = "llm"
TRACES = "traces"


class Layers(Construct):
    """The product, what it needs, and where asked for what calls models and what sends traces."""

    def __init__(
        self, scope: Construct, settings: Settings, *, vendors: bool = False, traces: bool = False
    ) -> None:
        super().__init__(scope, "Layers")
        self._settings = settings
        self._sending = traces and settings.traces is not None
        names = [*PLAIN, *([VENDORS] if vendors else []), *([TRACES] if self._sending else [])]
        self._versions = {name: self._version(name) for name in names}

    @property
    def plain(self) -> list[lambda_.LayerVersion]:
        """For a function that neither calls models nor records spans."""
        return self._named(*PLAIN)

    @property
    def traced(self) -> list[lambda_.LayerVersion]:
        """For a function that records spans."""
        return self._named(*PLAIN, *self._traces)

    @property
    def with_vendors(self) -> list[lambda_.LayerVersion]:
        """For the one function that calls models, of which it records spans."""
        return self._named(*PLAIN, VENDORS, *self._traces)

    @property
    def _traces(self) -> tuple[str, ...]:
        return (TRACES,) if self._sending else ()

    def _named(self, *names: str) -> list[lambda_.LayerVersion]:
        return [self._versions[name] for name in names]

    def _version(self, name: str) -> lambda_.LayerVersion:
        settings = self._settings
        return lambda_.LayerVersion(
            self,
            name,
            layer_version_name=f"{settings.prefix}-{name}",
            code=layer_code(self, name, platform=wheel_platform(settings), python=settings.python),
            compatible_runtimes=[python(settings)],
            compatible_architectures=[architecture(settings)],
        )
