"""A world whose steps call models of a test's own."""

from typing import Any

from promptpilot.domain.price import Price
from tests.fakes import ScriptedModel, ScriptedModels
from tests.unit.kinds_world import KindsWorld

PRICE = Price(input_per_million=1.0, output_per_million=2.0, as_of="2026-11-24")


def asking(
    *steps: dict[str, Any], model: ScriptedModel | None = None, **others: ScriptedModel
) -> KindsWorld:
    """A world whose models are `fake/echo` and `others`."""
    own = model or ScriptedModel(price=PRICE)
    world = KindsWorld(*steps, model=own)
    models = {"fake/echo": own, **{f"fake/{name}": each for name, each in others.items()}}
    world.ports = world.ports_with(models=ScriptedModels(models))
    return world


def first(**fields: Any) -> dict[str, Any]:
    return {"id": "first", "kind": "prompt", **fields}
