"""What it costs on AWS to surround calls of models: the answers that are kept, and the limits and
the budget that hold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.chain import STEPS, Chain, chain_of, counted_runs
from cloud.running import Cloud
from cloud.thousand_executions import read_units
from cloud.unit_prices import Prices
from embedded.demo.client import Client

KEPT: Mapping[str, Any] = {"cache": "1h"}
PLENTY = 1_000_000_000
SETTING_SECONDS = 6
"""A setting of a workspace is known everywhere by then."""


@dataclass(frozen=True)
class Surrounded:
    """A chain whose calls were surrounded by something, and what by."""

    by: str
    chain: Chain


def run_surrounded(
    cloud: Cloud, client: Client, model: str, executions: int
) -> Iterator[Surrounded]:
    """Run the chain with each, counted. What limits calls here lets all of them through."""
    kept = chain_of(client, model, KEPT)
    anew = [f"anew {number}" for number in range(executions + 1)]
    yield Surrounded("an answer is kept, asked for anew", counted_runs(cloud, client, kept, anew))
    again = ["again"] * (executions + 1)
    yield Surrounded("an answer is kept, and given", counted_runs(cloud, client, kept, again))
    plain, texts = chain_of(client, model), ["hello"] * (executions + 1)
    limit = {"requests_per_minute": PLENTY, "tokens_per_minute": PLENTY}
    client.put("/workspace/limits", {"models": {model.partition("/")[0]: limit}})
    yield Surrounded(
        "the vendor's calls and tokens are limited",
        counted_runs(cloud, client, plain, texts, settle=SETTING_SECONDS),
    )
    client.put("/workspace/limits", {"models": {}})
    client.put("/workspace/budget", {"monthly_micro_usd": PLENTY})
    yield Surrounded(
        "the workspace has a budget",
        counted_runs(cloud, client, plain, texts, settle=SETTING_SECONDS),
    )


def told(surrounded: Surrounded, plain: Chain, prices: Prices) -> str:
    """What each call takes more than without, and the price of a thousand of them."""
    reads = _a_call(read_units(surrounded.chain), surrounded.chain)
    reads -= _a_call(read_units(plain), plain)
    writes = _a_call(surrounded.chain.counted.write_units, surrounded.chain)
    writes -= _a_call(plain.counted.write_units, plain)
    price = 1_000 * (reads * prices.dynamodb_read_unit + writes * prices.dynamodb_write_unit)
    return f"  {surrounded.by:<44}{reads:>+8.1f} reads{writes:>+8.1f} writes   ${price:+.4f}"


def _a_call(units: float, chain: Chain) -> float:
    return units / (chain.executions * STEPS)
