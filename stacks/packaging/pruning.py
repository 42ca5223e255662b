"""What of the libraries is left out of the layers, and why.

Licences and metadata stay: licences have to come along, and libraries read versions of each other.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

AWS_SERVICES = (
    "apigatewaymanagementapi",
    "cognito-idp",
    "dynamodb",
    "events",
    "s3",
    "scheduler",
    "sqs",
    "ssm",
    "stepfunctions",
)
"""Those the product has clients of."""


@dataclass(frozen=True)
class Rule:
    """Paths to leave out; `patterns` are globs from the folder of all libraries."""

    reason: str
    patterns: tuple[str, ...]
    spared: tuple[str, ...] = ()
    """Names that stay although they match."""

    def paths(self, folder: Path) -> Iterator[Path]:
        """What is there of it."""
        for pattern in self.patterns:
            yield from (each for each in folder.glob(pattern) if each.name not in self.spared)


RULES = (
    Rule("Bytecode of whoever installed, for a Python of theirs.", ("**/__pycache__",)),
    Rule("Types in files of their own are for type checkers.", ("**/*.pyi",)),
    Rule(
        "Sources in other languages: what they were compiled to is here.",
        ("**/*.c", "**/*.h", "**/*.pyx", "**/*.pxd", "**/*.rs"),
    ),
    Rule("Tests of the libraries.", ("**/tests",)),
    Rule("Commands, for people.", ("bin",)),
    Rule(
        "The installer's notes; nothing is ever uninstalled from a layer.",
        (
            "*.dist-info/RECORD",
            "*.dist-info/INSTALLER",
            "*.dist-info/REQUESTED",
            "*.dist-info/direct_url.json",
            "*.dist-info/sboms",
            ".lock",
        ),
    ),
    Rule("Examples of calls, for documentation.", ("botocore/data/*/*/examples-1.json*",)),
    Rule("Descriptions of services that are not used.", ("botocore/data/*/",), AWS_SERVICES),
)


def prune(folder: Path, rules: Iterable[Rule] = RULES) -> None:
    """Remove from `folder` what the rules name."""
    for rule in rules:
        for path in list(rule.paths(folder)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
