"""What a secret may be called and hold, the same on every platform.

The narrowest of them is the Parameter Store: a name is a path of few levels, a value is not empty,
has at most 4,096 bytes, and no `{{`, with which a parameter would refer to another.
"""

import re

from pydantic import SecretStr

from promptpilot.domain.json_value import is_unicode
from promptpilot.errors import Invalid, TooLarge

MAX_NAME = 200
MAX_LEVELS = 10
"""Of the Parameter Store's 15, the prefix and the workspace take some."""
MAX_VALUE_BYTES = 4096

_WORKSPACE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(rf"[a-z0-9_.-]+(/[a-z0-9_.-]+){{0,{MAX_LEVELS - 1}}}")
_DOTS = re.compile(r"(^|/)\.{1,2}(/|$)")


def is_secret_name(name: str) -> bool:
    """Whether a secret can have that name."""
    return len(name) <= MAX_NAME and bool(_NAME.fullmatch(name)) and not _DOTS.search(name)


def require_secret_name(workspace: str, name: str) -> None:
    """Refuse, as `Invalid`, what could lead out of a workspace or is no name everywhere."""
    if not _WORKSPACE.fullmatch(workspace):
        raise Invalid(f"{workspace!r} is not a workspace id.")
    if not is_secret_name(name):
        raise Invalid(
            f"A secret's name is 1 to {MAX_NAME} characters of a-z, 0-9, '.', '_' and '-', in at"
            f" most {MAX_LEVELS} parts with '/' between them."
        )


def require_secret_value(value: SecretStr) -> str:
    """The plain value. Raises `Invalid`, `TooLarge`, neither of which shows it."""
    plain = value.get_secret_value()
    if not plain or "\0" in plain or "{{" in plain or not is_unicode(plain):
        raise Invalid("A secret is a text that is not empty and has neither '{{' nor a zero byte.")
    size = len(plain.encode())
    if size > MAX_VALUE_BYTES:
        raise TooLarge("A secret", MAX_VALUE_BYTES, size)
    return plain
