"""An answer that a model gave, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptpilot.domain.model import Completion
from promptpilot.services.asking.outputs import checked_output


@dataclass(frozen=True, slots=True)
class Answer:
    """`output` is the text, or the value it spells where the prompt has an output schema."""

    output: Any
    completion: Completion


def checked_answer(completion: Completion, schema: Mapping[str, Any] | None) -> Answer:
    """The answer that a completion is. One that asks for tools need not fit the output schema: what
    answers comes after it. Raises `OutputInvalid`.
    """
    if completion.tool_calls:
        return Answer(completion.text, completion)
    return Answer(checked_output(completion.text, schema), completion)
