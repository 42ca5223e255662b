"""The text of a workflow document, JSON or YAML, as plain JSON values."""

import json
from collections.abc import Mapping
from typing import Any

from promptpilot.compiler.raw_values import MAX_DOCUMENT_BYTES
from promptpilot.compiler.yaml_values import YamlInvalid, read_yaml
from promptpilot.errors import DocumentInvalid, Problem, TooLarge

MAX_TEXT_BYTES = 4 * MAX_DOCUMENT_BYTES
"""Spaces and comments are free within reason."""

MAX_INTEGER_DIGITS = 40


def read_document(text: str | bytes, *, yaml: bool = False) -> Any:
    """The values of a document.

    Raises `DocumentInvalid` for a text that cannot be read, with line and column, and for keys that
    stand twice in one object; `TooLarge`.
    """
    if len(text) > MAX_TEXT_BYTES:
        raise TooLarge(what="The text of a workflow", limit=MAX_TEXT_BYTES, size=len(text))
    try:
        decoded = text if isinstance(text, str) else text.decode()
        return read_yaml(decoded) if yaml else _read_json(decoded)
    except UnicodeDecodeError as error:
        raise _refused("encoding_invalid", "The text is not UTF-8.") from error
    except YamlInvalid as error:
        raise _refused("yaml_invalid", str(error)) from error
    except json.JSONDecodeError as error:
        message = f"Line {error.lineno}, column {error.colno}: {error.msg}."
        raise _refused("json_invalid", message) from error
    except RecursionError as error:
        raise _refused("too_deep", "The document lies too many levels deep.") from error


def _read_json(text: str) -> Any:
    return json.loads(
        text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer
    )


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _refused("key_repeated", f"The key `{twice[:80]}` stands twice in one object.")
    return members


def _no_constant(name: str) -> Any:
    raise _refused("json_invalid", f"{name} is no JSON.")


def _integer(digits: str) -> int | float:
    """Python reads long numbers slowly or not at all; what is not exact is told of later."""
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else float(digits)


def _refused(code: str, message: str) -> DocumentInvalid:
    return DocumentInvalid(problems=(Problem("", code, message),))
