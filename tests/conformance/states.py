"""States of the machines of cases."""

from collections.abc import Mapping
from typing import Any

from tests.engine import asl
from tests.engine.asl import State, task, then

NOTHING: Any = object()


def work(step: str, following: str | None = None, /, given: Any = NOTHING, **fields: Any) -> State:
    """A Task that gives its worker what is `given`."""
    job = {"execution": "{% $states.context.Execution.Name %}"}
    return task(step, following, job=job if given is NOTHING else {**job, "given": given}, **fields)


def parallel(
    *branches: Mapping[str, State], following: str | None = None, **fields: Any
) -> dict[str, Any]:
    return asl.parallel(branches, following, **fields)


def each(
    items: Any, states: Mapping[str, State], following: str | None = None, /, **fields: Any
) -> dict[str, Any]:
    """A Map over the items; NOTHING for the state's input."""
    given = {} if items is NOTHING else {"Items": items}
    return asl.map_(states, following, **given, **fields)


def choice(*rules: tuple[Any, str], default: str | None = None, **fields: Any) -> dict[str, Any]:
    choices = [{"Condition": condition, "Next": following} for condition, following in rules]
    state = {"Type": "Choice", "Choices": choices, **fields}
    return state | ({"Default": default} if default else {})


def wait(following: str | None = None, /, **fields: Any) -> dict[str, Any]:
    return {"Type": "Wait", **then(following), **fields}


def catch(*names: str, to: str = "caught", **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(names), "Next": to, **fields}


def retry(*names: str, attempts: int = 1, **fields: Any) -> dict[str, Any]:
    """At once after a second, as short as it goes."""
    return {
        "ErrorEquals": list(names),
        "MaxAttempts": attempts,
        "IntervalSeconds": 1,
        "BackoffRate": 1,
        **fields,
    }
