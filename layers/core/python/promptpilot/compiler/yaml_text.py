"""JSON values as YAML that reads back to the same values.

Written for readers of YAML 1.1 and 1.2 alike: text that either would take for something else stands
in quotes. Text of several lines stands in blocks, as people would write it. Nothing is folded, and
nothing is an alias.
"""

import re
from typing import Any

import yaml

from promptpilot.compiler.yaml_values import is_plain_text

_TEXT = "tag:yaml.org,2002:str"

_SPECIAL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff]")
"""What readers may take for a line end, drop or refuse where it is not escaped."""

_WIDTH = 2**31 - 1
"""No line is too long."""


class _Dumper(yaml.SafeDumper):
    """Writes text by its content alone."""

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is written as an alias: what is equal need not be the same."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented below their keys."""
        super().increase_indent(flow, indentless=False)

    def text(self, data: str) -> yaml.ScalarNode:
        """A text as it is, in quotes or as a block."""
        style: str | None
        if _SPECIAL.search(data):
            style = '"'
        elif "\n" in data:
            style = "|"
        else:
            style = None if is_plain_text(data) else "'"
        return self.represent_scalar(_TEXT, data, style=style)


_Dumper.add_representer(str, _Dumper.text)


def write_yaml(value: Any) -> str:
    """The YAML of a JSON value. `yaml_values.read_yaml` gives an equal value, its keys in order."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=_WIDTH,
    )
    return text
