"""What a Lambda function is made of: its own code, and the layers below it.

A further layer is a folder `layers/<name>/` with a `requirements.in`, and an entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

LAYERS_AT = "/opt"
FUNCTIONS_AT = "/var/task"


@dataclass(frozen=True)
class OwnCode:
    """Modules of ours, packed as they are."""

    name: str
    source: Path
    """The folder to pack, without what was compiled in it."""
    inside: str
    """Where it lies within the package."""
    at: str
    """Where Lambda unpacks the package."""
    max_mb: float
    """How large it may be, unpacked, in MB of a million bytes, with bytecode."""


@dataclass(frozen=True)
class Libraries:
    """What others wrote, as locked."""

    name: str
    source: Path
    """The folder of the lock."""
    max_mb: float
    inside: str = "python"
    at: str = LAYERS_AT

    @property
    def lock(self) -> Path:
        """Every library with its version and hashes."""
        return self.source / "requirements.txt"


Part = OwnCode | Libraries

LAYERS: Mapping[str, Part] = {
    part.name: part
    for part in (
        OwnCode("core", ROOT / "layers/core/python", inside="python", at=LAYERS_AT, max_mb=6),
        Libraries("runtime", ROOT / "layers/runtime", max_mb=60),
        Libraries("llm", ROOT / "layers/llm", max_mb=25),
        Libraries("traces", ROOT / "layers/traces", max_mb=12),
    )
}

FUNCTIONS = OwnCode("functions", ROOT / "functions", "functions", at=FUNCTIONS_AT, max_mb=2)

LAMBDA_MAX_MB = 250
"""Lambda's limit for a function with all of its layers, unpacked.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
