"""The vendors themselves, called with the keys of the environment; `make live-test`.

A vendor without a key is skipped, and the reason of that is told. `PROMPTPILOT_LIVE_MODELS` names
other models to ask, one of a vendor: `openai/gpt-5-nano,google/gemini-2.5-flash`.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.adapters.models.vendors import VENDORS
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.domain.pricing import cost_micro_usd
from promptpilot.ports.models import OnText
from promptpilot.settings import Settings
from tests.live_vendors.cheap_models import BUDGET_MICRO_USD, CHEAP_MODELS


@dataclass
class Bill:
    """What was spent by now, in micro-dollars, of what may be."""

    spent: int = 0
    calls: list[str] = field(default_factory=list)

    def add(self, model: str, micro_usd: int) -> None:
        self.spent += micro_usd
        self.calls.append(f"{model}: {micro_usd}")
        assert self.spent < BUDGET_MICRO_USD, self.calls


class Asking:
    """Asks one model of one vendor, and has every answer priced."""

    def __init__(self, registry: ModelRegistry, model: str, bill: Bill) -> None:
        self.registry = registry
        self.model = model
        self._bill = bill

    async def __call__(self, request: ModelRequest, on_text: OnText | None = None) -> Completion:
        """One answer, whose usage and cost are known."""
        client = self.registry.client(self.model, "ws_live")
        completion = await client.complete(request, on_text=on_text)
        assert completion.usage is not None
        assert completion.usage.input_tokens > 0
        assert completion.usage.output_tokens > 0
        price = self.registry.price(self.model)
        assert price is not None, f"nobody knows what {self.model} costs"
        self._bill.add(self.model, cost_micro_usd(completion.usage, price))
        return completion


def models() -> dict[str, str]:
    """By vendor the model to ask."""
    named = filter(None, os.environ.get("PROMPTPILOT_LIVE_MODELS", "").split(","))
    return CHEAP_MODELS | {name.partition("/")[0]: name for name in named}


@pytest.fixture(scope="session")
def bill(request: pytest.FixtureRequest) -> Iterator[Bill]:
    bill = Bill()
    yield bill
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"\n{len(bill.calls)} priced calls cost {bill.spent} micro-dollars.")


@pytest.fixture(params=list(VENDORS))
def vendor(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    registry = ModelRegistry({}, vendors=Settings.read())
    if not registry.vendors[name]:
        pytest.skip(f"{name}: {VENDORS[name].variable} is not set")
    return name


@pytest.fixture
async def ask(vendor: str, bill: Bill) -> AsyncIterator[Asking]:
    registry = ModelRegistry({}, vendors=Settings.read())
    yield Asking(registry, models()[vendor], bill)
    await registry.close()
