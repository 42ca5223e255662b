"""What calls of models have cost, by model and by what asked them."""

from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from pydantic import Field

from promptpilot.domain.base import NONE_OMITTED, Model
from promptpilot.domain.ids import PromptId


class Asker(NamedTuple):
    """A model, and the prompt that it was asked with."""

    model: str
    prompt_id: PromptId | None


class Spent(NamedTuple):
    """A sum in micro-US-dollars, and how many calls of unknown cost are not in it."""

    cost_micro_usd: int = 0
    unknown_calls: int = 0

    def plus(self, other: "Spent") -> "Spent":
        """Both together."""
        cost = self.cost_micro_usd + other.cost_micro_usd
        return Spent(cost, self.unknown_calls + other.unknown_calls)

    def minus(self, other: "Spent") -> "Spent":
        """The difference; may be negative."""
        return self.plus(Spent(-other.cost_micro_usd, -other.unknown_calls))


Sums = Mapping[Asker, Spent]


class CostRow(Model):
    """What one model has cost, asked with one prompt. `unknown_calls` cost nobody knows what."""

    model: str
    prompt_id: PromptId | None = None
    cost_micro_usd: int = 0
    unknown_calls: Annotated[int, Field(), NONE_OMITTED] = 0


def rows_of(sums: Sums) -> tuple[CostRow, ...]:
    """The rows of what is not nothing, in a fixed order."""
    return tuple(
        CostRow(
            model=asker.model,
            prompt_id=asker.prompt_id,
            cost_micro_usd=spent.cost_micro_usd,
            unknown_calls=spent.unknown_calls,
        )
        for asker, spent in sorted(sums.items(), key=lambda each: (each[0][0], each[0][1] or ""))
        if spent != Spent()
    )


def sums_of(rows: Iterable[CostRow]) -> dict[Asker, Spent]:
    """The rows by what they are of."""
    return {
        Asker(row.model, row.prompt_id): Spent(row.cost_micro_usd, row.unknown_calls)
        for row in rows
    }


def added(*all_sums: Sums) -> dict[Asker, Spent]:
    """All together."""
    total: dict[Asker, Spent] = {}
    for sums in all_sums:
        for asker, spent in sums.items():
            total[asker] = total.get(asker, Spent()).plus(spent)
    return total


def difference(after: Sums, before: Sums) -> dict[Asker, Spent]:
    """What has been added to `before`."""
    askers = {**before, **after}
    return {each: after.get(each, Spent()).minus(before.get(each, Spent())) for each in askers}
