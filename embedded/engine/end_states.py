"""Succeed and Fail: the states that end."""

from dataclasses import dataclass

from embedded.engine.evaluation import Field
from embedded.engine.exits import Exit
from embedded.engine.failures import StateFailed
from embedded.engine.fields import Fields, is_text
from embedded.engine.frame import Frame
from embedded.engine.transition import Transition


@dataclass(frozen=True, slots=True)
class Succeed:
    """Ends with its `Output`, or its input."""

    exit: Exit

    @classmethod
    def read(cls, fields: Fields) -> "Succeed":
        """The state of that definition."""
        fields.allow("Type", "Comment", "QueryLanguage", "Output")
        return cls(Exit(None, None, fields.field("Output")))

    async def run(self, frame: Frame) -> Transition:
        """End."""
        return await self.exit.leave(frame, frame.scope(), frame.input)


@dataclass(frozen=True, slots=True)
class Fail:
    """Fails with the error and the cause that it names."""

    error: Field | None
    cause: Field | None

    @classmethod
    def read(cls, fields: Fields) -> "Fail":
        """The state of that definition."""
        fields.allow("Type", "Comment", "QueryLanguage", "Error", "Cause")
        error = fields.field("Error", is_text, "must be a text")
        return cls(error, fields.field("Cause", is_text, "must be a text"))

    async def run(self, frame: Frame) -> Transition:
        """Raises `StateFailed`."""
        scope = frame.scope()
        error = await frame.evaluate(self.error, scope) if self.error else ""
        cause = await frame.evaluate(self.cause, scope) if self.cause else ""
        raise StateFailed(error, cause)
