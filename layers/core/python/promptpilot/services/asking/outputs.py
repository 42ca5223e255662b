"""What an answer's text spells, held against the prompt's output schema."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptpilot.domain.base import canonical_json
from promptpilot.step_errors import OutputInvalid

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


def checked_output(text: str, schema: Mapping[str, Any] | None) -> Any:
    """The text itself, or the value that it spells where there is a schema. Raises
    `OutputInvalid`.
    """
    if schema is None:
        return text
    try:
        output = json.loads(text)
    except ValueError as error:
        raise OutputInvalid(
            reason="The answer is not JSON, but the prompt has an output schema."
        ) from error
    problem = next(_validator(canonical_json(schema)).iter_errors(output), None)
    if problem is not None:
        place = "/".join(str(part) for part in problem.absolute_path)
        raise OutputInvalid(reason=f"The answer does not fit the output schema at /{place}.")
    return output


@lru_cache(maxsize=256)
def _validator(schema: str) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import, and seldom needed

    return Draft202012Validator(json.loads(schema))
