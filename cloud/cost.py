"""`make cost`: what the product costs on AWS, from its templates and counted calls.

What models ask for their answers is not in it.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.processes import module
from cloud.bill import table, total
from cloud.chain import Chain, chain_of, counted_runs, signed_up
from cloud.idle_month import free_of_charge, idle_month
from cloud.running import running_cloud
from cloud.surroundings import run_surrounded, told
from cloud.synthesis import synthesise
from cloud.thousand_executions import MODEL_SECONDS, memory_of, thousand_executions
from cloud.unit_prices import AS_KNOWN_ON, REGIONS, Prices

FOLDER = Path("build/cost")
MODEL = "custom/fake/m"
PRICE = {"input_per_million": 1, "output_per_million": 1, "as_of": AS_KNOWN_ON}
"""So that there is something to reserve and to settle. It is on no bill here."""
EXECUTIONS = 16
"""Of so many one, on average, folds what the others have entered into the ledger."""
FULL_BATCH = 10
CHAIN_GOAL = 0.30
IDLE_GOAL = 1.00


def main() -> None:
    """Run the chain some times on the emulated cloud, and price it in every region."""
    parser = argparse.ArgumentParser(prog="make cost ARGS=", description=__doc__)
    parser.add_argument("--executions", type=int, default=EXECUTIONS)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with module("bench.fake_openai", FOLDER / "models.log") as models:
        custom = {"fake": {"base_url": f"{models.url}/v1", "models": ["m"], "price": PRICE}}
        stacks = synthesise(FOLDER, {"stage": "cost", "custom_models": custom})
        with running_cloud(FOLDER / "emulator", stacks) as cloud:
            client = signed_up(cloud)
            texts = ["hello"] * (options.executions + 1)
            chain = counted_runs(cloud, client, chain_of(client, MODEL), texts)
            surrounded = list(run_surrounded(cloud, client, MODEL, options.executions))
    templates = [each.read() for each in stacks]
    _tell(_calls(chain))
    for region, prices in REGIONS.items():
        _tell(_bill(region, prices, chain, templates))
        _tell(f"\nMore a call, and for 1,000 of them ({region}), where")
        for each in surrounded:
            _tell(told(each, chain, prices))


def _calls(chain: Chain) -> str:
    """What one execution asked for on average."""
    counted = chain.counted
    lines = [f"One execution of five steps, the average of {chain.executions}:", ""]
    for name, count in sorted((counted.calls + counted.invocations).items()):
        lines.append(f"  {name:<58}{count / chain.executions:>14,.1f}")
    return "\n".join(lines)


def _bill(region: str, prices: Prices, chain: Chain, templates: Sequence[Mapping[str, Any]]) -> str:
    memory = memory_of(templates)
    alone = thousand_executions(chain, memory, prices)
    busy = thousand_executions(chain, memory, prices, sharing=FULL_BATCH)
    idle = idle_month(templates, prices)
    free = free_of_charge(idle)
    where = f"{region}, list prices as known in {AS_KNOWN_ON}"
    first = f"1,000 executions that come alone, models that take {MODEL_SECONDS:g} s ({where})"
    return f"""
{table(first, alone)}
  Alone: {_met(total(alone), CHAIN_GOAL)}
  In full batches of {FULL_BATCH}, which share their waiting: ${total(busy):.4f}.
  {_met(total(busy), CHAIN_GOAL)}

{table(f"One idle month ({where})", idle)}
  Less what is free each month for every account (${free:.2f}): ${total(idle) - free:.4f}
  {_met(total(idle), IDLE_GOAL)} With what is free: {_met(total(idle) - free, IDLE_GOAL)}"""


def _met(price: float, goal: float) -> str:
    return f"The goal of ${goal:.2f} is {'met' if price <= goal else 'missed'}."


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
