"""Choice: the first rule that holds says where to go on."""

from dataclasses import dataclass

from embedded.engine.evaluation import Field
from embedded.engine.exits import Exit
from embedded.engine.failures import NO_CHOICE_MATCHED, StateFailed
from embedded.engine.fields import Fields
from embedded.engine.frame import Frame
from embedded.engine.transition import Transition


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, and where to go on when it holds."""

    condition: Field
    exit: Exit


@dataclass(frozen=True, slots=True)
class Choice:
    """Rules are tested in order; `default` is left by when none holds."""

    rules: tuple[Rule, ...]
    default: Exit | None

    @classmethod
    def read(cls, fields: Fields) -> "Choice":
        """The state of that definition."""
        fields.allow("Type", "Comment", "QueryLanguage", "Choices", "Default", "Assign", "Output")
        rules = [_rule(each) for each in fields.each("Choices")]
        if not rules and not fields.value("Choices"):
            fields.problem("Choices", "missing", "A Choice needs at least one rule.")
        default = Exit.read_to(fields, "Default") if "Default" in fields else None
        return cls(tuple(rule for rule in rules if rule), default)

    async def run(self, frame: Frame) -> Transition:
        """Leave by the first rule that holds. Raises `StateFailed` with States.NoChoiceMatched."""
        scope = frame.scope()
        for rule in self.rules:
            if await frame.evaluate(rule.condition, scope):
                return await rule.exit.leave(frame, scope, frame.input)
        if self.default is None:
            raise StateFailed(NO_CHOICE_MATCHED, "No rule holds, and there is no Default.")
        return await self.default.leave(frame, scope, frame.input)


def _rule(fields: Fields) -> Rule | None:
    fields.allow("Condition", "Next", "Assign", "Output", "Comment")
    condition = fields.field(
        "Condition", lambda value: isinstance(value, bool), "must be true or false"
    )
    if condition is None:
        fields.problem("Condition", "missing", "Condition is missing.")
        return None
    return Rule(condition, Exit.read_to(fields))
