"""Items of a bill, and the table they are told in."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """So many of a thing at a price each, in US dollars."""

    name: str
    count: float
    unit_price: float

    @property
    def price(self) -> float:
        """Of all of them."""
        return self.count * self.unit_price


def total(items: Sequence[Item]) -> float:
    """Of all items."""
    return sum(each.price for each in items)


def table(title: str, items: Sequence[Item]) -> str:
    """The items, the dearest first, and their sum."""
    lines = [title, ""]
    whole = total(items) or 1
    for each in sorted(items, key=lambda item: -item.price):
        share = f"{100 * each.price / whole:3.0f} %"
        lines.append(f"  {each.name:<58}{each.count:>14,.1f}   ${each.price:8.4f}  {share}")
    lines.append(f"  {'together':<72}   ${total(items):8.4f}")
    return "\n".join(lines)
