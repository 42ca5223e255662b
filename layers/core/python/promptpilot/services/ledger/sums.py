"""The sums that entries of a month are folded into: of all, by model, by workflow, by prompt."""

from collections.abc import Iterable

from promptpilot.domain.base import Model
from promptpilot.domain.cost_row import Spent
from promptpilot.services.ledger.entries import Entry

MODEL, WORKFLOW, PROMPT = "model", "workflow", "prompt"

Of = tuple[str, str]
"""By what, and of which: `("model", "openai/gpt-5")`; of nothing is the empty text."""

Parts = dict[Of, Spent]


class StoredSum(Model):
    """A sum as it is kept. `of` is what its key says, without a part of it being read."""

    by: str = ""
    of: str = ""
    cost_micro_usd: int = 0
    unknown_calls: int = 0

    @property
    def spent(self) -> Spent:
        """The sum."""
        return Spent(self.cost_micro_usd, self.unknown_calls)

    @classmethod
    def made(cls, by: str, of: str, spent: Spent) -> "StoredSum":
        """What is to be kept."""
        return cls(
            by=by, of=of, cost_micro_usd=spent.cost_micro_usd, unknown_calls=spent.unknown_calls
        )


def parts_of(entries: Iterable[Entry]) -> Parts:
    """What entries add to which sums."""
    parts: Parts = {}
    for entry in entries:
        for row in entry.rows:
            spent = Spent(row.cost_micro_usd, row.unknown_calls)
            for of in (
                (MODEL, row.model),
                (WORKFLOW, entry.workflow_id or ""),
                (PROMPT, row.prompt_id or ""),
            ):
                parts[of] = parts.get(of, Spent()).plus(spent)
    return parts


def total_of(parts: Parts) -> Spent:
    """The sum of all, which is the same by whatever it is taken apart."""
    total = Spent()
    for (by, _), spent in parts.items():
        if by == MODEL:
            total = total.plus(spent)
    return total
