"""What the steps of workflow documents are made of: ids, expressions, errors that are caught."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from promptpilot.domain.duration import Duration, between
from promptpilot.domain.written import Written

_ID_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
_ID = re.compile(_ID_PATTERN)

MAX_STEPS = 200
"""Of a whole document, and so of every block of it."""

MAX_ERROR_CHARACTERS = 256
MAX_CAUSE_CHARACTERS = 32_768
"""Step Functions' limits of an error's name and cause."""


def _checked_id(value: Any) -> Any:
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise PydanticCustomError(
        "id_invalid",
        "Must begin with a small letter and go on with at most 63 small letters, digits and "
        "underscores.",
    )


StepId = Annotated[
    str, BeforeValidator(_checked_id), WithJsonSchema({"type": "string", "pattern": _ID_PATTERN})
]
"""A step's name in the document, and the variable that holds its result."""

ExpressionText = Annotated[str, Field(max_length=MAX_CAUSE_CHARACTERS)]

JobTimeout = Annotated[Duration, between("1s", "14m")]
"""The longest that one try of a worker's may take: a Lambda function runs 15 minutes."""

LongTimeout = Annotated[Duration, between("1s", "30d")]


class WorkflowRef(Written):
    """Which workflow, and which version of it, by number or by label; with neither `production`
    where that is set, else the latest.
    """

    id: str
    version: str | None = None
    label: str | None = None
