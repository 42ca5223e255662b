"""Reading the parts of a document by their models, also where some of their fields are wrong."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from promptpilot.compiler.faults import faults, faulty_fields
from promptpilot.compiler.pointers import pointer
from promptpilot.errors import Problem

M = TypeVar("M", bound=BaseModel)


class PartReader:
    """Gathers what is wrong with the parts, and the places of fields that could not be read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unread: list[str] = []

    def read(self, model: type[M], raw: Mapping[str, Any], at: str, **missing: Any) -> M | None:
        """A part of that model, if need be without its bad fields; None where it cannot be without.

        `missing` stands in for fields that it cannot be without.
        """
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            self.problems += faults(error, at, model)
            bad = faulty_fields(error)
        self.unread += [pointer(at, name) for name in bad]
        try:
            left = {name: value for name, value in raw.items() if name not in bad}
            return model.model_validate({**missing, **left})
        except ValidationError:
            return None
