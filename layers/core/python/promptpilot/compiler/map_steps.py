"""Steps that run once for every item of a list: a Map state."""

from typing import Any

from promptpilot.compiler import caught
from promptpilot.compiler.assembly import Assembly
from promptpilot.compiler.checks import RESERVED_IDS, Checks
from promptpilot.compiler.expressions import is_expression, source_of, wrapped
from promptpilot.compiler.load import FORK, ITERATION, PASS, Estimate, Load
from promptpilot.compiler.nesting import portable
from promptpilot.compiler.node import Node, well_formed
from promptpilot.compiler.pointers import pointer
from promptpilot.compiler.scope import Scope
from promptpilot.compiler.states import TASK_RESULT, After, Around, States, leave
from promptpilot.compiler.templates import Binding, bound, rendered
from promptpilot.domain.workflow_steps import JobStep, MapStep, TransformStep

SELECTED = {
    "item": "{% $states.context.Map.Item.Value %}",
    "index": "{% $states.context.Map.Item.Index %}",
}
"""What an iteration begins with."""


def check(node: Node[MapStep], scope: Scope, checks: Checks) -> Scope:
    """The steps see the item and its index besides what ran before; what comes after sees the
    step's own result.
    """
    step = node.step
    at = pointer(node.at, "items")
    checks.value(step.items, at, scope)
    if not is_expression(step.items):
        _check_literal(step, at, checks)
    _check_name(node, scope, checks)
    checks.block(node.inner("steps"), scope.with_items(*_names(step)))
    return caught.check(node, scope, scope.with_names(node.id), checks)


def _check_literal(step: MapStep, at: str, checks: Checks) -> None:
    if not isinstance(step.items, list | tuple):
        checks.problem(at, "wrong_type", "Must be a list, or an expression that gives one.")
    elif len(step.items) > step.max_items:
        message = f"Has {len(step.items)} items; `max_items` is {step.max_items}."
        checks.problem(at, "too_many_items", message)


def _check_name(node: Node[MapStep], scope: Scope, checks: Checks) -> None:
    """The item's name must not hide anything that can be seen within the map."""
    at, names = pointer(node.at, "as"), _names(node.step)
    if node.step.as_ in scope.items:
        message = f"A map around this one has `{names[0]}` already: give each its own `as`."
        checks.problem(at, "id_repeated", message)
        return
    for name in names:
        if name in RESERVED_IDS:
            checks.problem(at, "id_reserved", f"`{name}` is reserved.")
        elif name in checks.holders:
            checks.problem(at, "id_repeated", f"`{name}` is the id of a step.")
        elif name in scope.items:
            checks.problem(at, "id_repeated", f"`{name}` belongs to a map around this one.")


def _names(step: MapStep) -> tuple[str, str]:
    return step.as_, f"{step.as_}_index"


def states(node: Node[MapStep], after: After, around: Around, assembly: Assembly) -> States:
    """One Map state with the steps in it."""
    step = node.step
    distributor: dict[str, Any] = {
        "Type": "Map",
        "Items": _items(step, around),
        "ItemSelector": dict(SELECTED),
        "MaxConcurrency": step.concurrency,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            **_iteration(node, around, assembly),
        },
    }
    if caught.catches(node):
        distributor["Catch"] = [caught.catcher(node)]
    return {
        node.id: {**distributor, **leave(node.id, TASK_RESULT, after)},
        **caught.states(node, after, around, assembly),
    }


def _items(step: MapStep, around: Around) -> Any:
    """The list, refused where it is too long.

    An array constructor takes a list as it is and makes one of anything else: JSONata gives a
    single item, or nothing, where a filter finds one or none. In parentheses, since a list that is
    itself written in brackets would be an item of it.
    """
    if not is_expression(step.items):
        return portable(rendered(step.items, around.bindings))
    items = f"[({bound(source_of(step.items), around.bindings)})]"
    message = f"Step {step.id} has more than {step.max_items} items."
    return wrapped(f"$count({items}) > {step.max_items} ? $error('{message}') : {items}")


def _iteration(node: Node[MapStep], around: Around, assembly: Assembly) -> dict[str, Any]:
    block = node.inner("steps")
    item, index = _names(node.step)
    if _is_single_state(node):
        given = (Binding(item, "$states.input.item"), Binding(index, "$states.input.index"))
        inner = around.binding(*given).indexed("$states.input.index")
        return assembly.machine(block, After(None), inner)
    machine = assembly.machine(block, After(None), around.indexed(f"${index}"))
    begin = {
        "Type": "Pass",
        "Assign": {item: "{% $states.input.item %}", index: "{% $states.input.index %}"},
        "Next": machine["StartAt"],
    }
    name = f"{node.id}.item"
    return {"StartAt": name, "States": {name: begin, **machine["States"]}}


def _is_single_state(node: Node[MapStep]) -> bool:
    """Whether an iteration is one state that has the item for its input, so that no other need
    assign it.
    """
    inner = [each.step for each in well_formed(node.inner("steps"))]
    return (
        len(inner) == 1
        and isinstance(inner[0], JobStep | TransformStep)
        and getattr(inner[0], "on_error", "fail") == "fail"
    )


def load(node: Node[MapStep], estimate: Estimate) -> Load:
    """As many iterations as there may be items."""
    begin = Load() if _is_single_state(node) else PASS
    iteration = ITERATION + begin + estimate.block(node.inner("steps"))
    most = node.step.max_items
    if not is_expression(node.step.items):
        most = len(node.step.items)
    return FORK + iteration * most + caught.load(node, estimate)
