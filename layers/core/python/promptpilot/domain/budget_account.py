"""The account of one budget: what is spent of it, and what is set aside for calls that run."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, OMITTED, Model
from promptpilot.domain.budget import EXCEEDED, WARNED_AT


class Told(Model):
    """How far a budget of that limit has been told to be spent, in percent."""

    limit: int
    percent: int


class BudgetAccount(Model):
    """The sums of one budget, in micro-US-dollars.

    What is set aside is kept by the minute (since 1970) in which it lapses: a worker that dies
    before it settles holds nothing back for longer than its call could have taken.
    """

    spent: Annotated[int, Field(ge=0)] = 0
    unknown_calls: Annotated[int, NONE_OMITTED] = 0
    reserved: Annotated[Mapping[int, int], NONE_OMITTED] = {}
    told: Annotated[Told | None, OMITTED] = None

    def held(self, minute: int) -> int:
        """What is set aside in that minute."""
        return sum(amount for lapses, amount in self.reserved.items() if lapses > minute)

    def has_room(self, amount: int, limit: int, minute: int) -> bool:
        """Whether a call of at most `amount` stays within the limit, whatever those that run cost.
        A call that costs nothing always does.
        """
        return amount == 0 or self.spent + self.held(minute) + amount <= limit

    def holding(self, amount: int, lapses: int, minute: int) -> "BudgetAccount":
        """With so much more set aside until the minute `lapses`; less where it is negative. What
        has lapsed is forgotten, and nothing can be taken from that.
        """
        kept = {at: held for at, held in self.reserved.items() if at > minute}
        if amount > 0 or lapses in kept:
            kept[lapses] = kept.get(lapses, 0) + amount
        reserved = {at: held for at, held in kept.items() if held > 0}
        return self.model_copy(update={"reserved": reserved})

    def paying(self, cost: int, unknown: bool) -> "BudgetAccount":
        """With one call more that is paid."""
        spent, calls = self.spent + cost, self.unknown_calls + unknown
        return self.model_copy(update={"spent": spent, "unknown_calls": calls})

    def to_tell(self, limit: int, *, refused: bool = False) -> tuple[int, ...]:
        """The percentages that are reached and were not told yet of a budget of that limit. The
        last of them is reached by a call that was refused, too.
        """
        before = self.told.percent if self.told and self.told.limit == limit else 0
        return tuple(
            percent
            for percent in WARNED_AT
            if percent > before
            and (self.spent * 100 >= limit * percent or (refused and percent == EXCEEDED))
        )

    def telling(self, limit: int, percents: tuple[int, ...]) -> "BudgetAccount":
        """With these told."""
        if not percents:
            return self
        return self.model_copy(update={"told": Told(limit=limit, percent=max(percents))})
