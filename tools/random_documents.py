"""Random workflow documents that are valid: every kind of step, nested, each using what ran before.

A strategy of Hypothesis, for tests and for the validators of state machines.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Step = dict[str, Any]
Names = tuple[str, ...]

MOST_STEPS = 12
DEEPEST = 3
PAST = "2020-02-29T00:00:00Z"
FAILED = "NothingToDo"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: "{%" not in text and "%}" not in text
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
_CERTAIN = (
    "{{% ${} %}}",
    "{{% ( $x := ${}; {{'a': $x}} ) %}}",
    "{{% [$exists(${})] %}}",
    "{{% $type(${}) & '!' %}}",
)
"""Expressions that give a value whatever the variable is."""
_UNCERTAIN = (
    "{{% ${}.output[0] %}}",
    "{{% $string(${}) & '!' %}}",
    "{{% $map([1, 2], function($v) {{ $v & ${} }}) %}}",
)


def values(names: Names, *, certain: bool = False) -> st.SearchStrategy[Any]:
    """JSON with expressions in it that use these variables; `certain` ones never fail."""
    templates = _CERTAIN if certain else (*_CERTAIN, *_UNCERTAIN)
    expressions = st.builds(str.format, st.sampled_from(templates), st.sampled_from(names))
    return st.recursive(
        scalars | expressions,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    )


@st.composite
def documents(draw: st.DrawFn, *, certain: bool = False) -> dict[str, Any]:
    """A document. With `certain`, no expression fails, and no step waits."""
    maker = _Maker(draw, certain=certain)
    steps = maker.block(("input",), DEEPEST)
    document: dict[str, Any] = {"name": "Any", "steps": steps}
    names = ("input", *(step["id"] for step in steps))
    if draw(st.booleans()):
        document["output"] = draw(values(names, certain=certain))
    elif draw(st.booleans()):
        steps.append(maker.fail(names))
    return document


def random_workflows(count: int) -> list[tuple[str, str]]:
    """Names and texts of so many documents, the same each time."""
    made: list[str] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents())
    def make(document: dict[str, Any]) -> None:
        made.append(json.dumps(document))

    make()
    return [(f"random-{number:03}", text) for number, text in enumerate(made, 1)]


class _Maker:
    """Makes the steps of one document; the names that a step may use are those certainly set."""

    def __init__(self, draw: st.DrawFn, *, certain: bool) -> None:
        self._draw = draw
        self._certain = certain
        self._count = 0
        self._kinds: Mapping[str, Callable[[Names, int], Step]] = {
            "transform": self._transform,
            "prompt": self._prompt,
            "action": self._action,
            "approval": self._approval,
            "workflow": self._workflow,
            "wait": self._wait,
            "branch": self._branch,
            "parallel": self._parallel,
            "map": self._map,
            "loop": self._loop,
        }
        self._flat = [kind for kind in self._kinds if kind not in _HOLDERS]

    def block(self, names: Names, depth: int, *, fails: bool = False) -> list[Step]:
        """Some steps that run one after another; where it `fails`, the last may end it all."""
        steps: list[Step] = []
        for _ in range(self._draw(st.integers(1, 3))):
            if steps and self._count >= MOST_STEPS:
                break
            deep = depth > 0 and self._count < MOST_STEPS
            kind = self._draw(st.sampled_from([*self._kinds] if deep else self._flat))
            steps.append(self._kinds[kind](names, depth - 1))
            names = (*names, steps[-1]["id"])
        if fails and self._draw(st.booleans()):
            steps.append(self.fail(names))
        return steps

    def fail(self, names: Names) -> Step:
        """A step that ends it all."""
        message = self._draw(texts | st.just(f"{{% $type(${names[-1]}) %}}"))
        return {**self._new("fail"), "error": FAILED, "message": message}

    def _new(self, kind: str) -> Step:
        self._count += 1
        return {"id": f"s{self._count}", "kind": kind}

    def _value(self, names: Names) -> Any:
        return self._draw(values(names, certain=self._certain))

    def _with(self, names: Names) -> Any:
        each = values(names, certain=self._certain)
        return self._draw(st.dictionaries(texts, each, max_size=3))

    def _some(self, step: Step, names: Names, depth: int, **optional: Any) -> Step:
        """The step with some of its optional fields, drawn or made when they are chosen."""
        optional["on_error"] = lambda: self._on_error(names, depth)
        for field in sorted(self._draw(st.sets(st.sampled_from(sorted(optional))))):
            make = optional[field]
            step[field] = make() if callable(make) else self._draw(st.sampled_from(make))
        return step

    def _on_error(self, names: Names, depth: int) -> Any:
        way = self._draw(st.sampled_from(["fail", "value", "steps"]))
        inside = (*names, "error")
        if way == "steps" and self._count < MOST_STEPS:
            return {"steps": self.block(inside, min(depth, 1), fails=True)}
        return way if way == "fail" else {"value": self._value(inside)}

    def _retry(self) -> Step:
        return {"attempts": self._draw(st.integers(1, 3))}

    def _transform(self, names: Names, depth: int) -> Step:
        return {**self._new("transform"), "value": self._value(names)}

    def _prompt(self, names: Names, depth: int) -> Step:
        step = {**self._new("prompt"), "prompt": {"name": "Any"}, "with": self._with(names)}
        select = ["{% $output %}", "{% {'it': $output, 'of': $input.a} %}"]
        return self._some(
            step,
            names,
            depth,
            model=["local/m", "{% $exists($input.model) ? 'local/n' : 'local/m' %}"],
            fallbacks=[["local/n"], ["local/n", "custom/c/m"]],
            cache=["1d"],
            select=select,
            timeout=["1s", "90s", "14m"],
            retry=self._retry,
        )

    def _action(self, names: Names, depth: int) -> Step:
        step = {**self._new("action"), "action": "http.request", "with": self._with(names)}
        return self._some(step, names, depth, timeout=["1s", "14m"], retry=self._retry)

    def _approval(self, names: Names, depth: int) -> Step:
        return self._some(
            self._new("approval"),
            names,
            depth,
            role=["editor", "viewer"],
            message=["Well?", f"{{% $type(${names[-1]}) %}}"],
            form=[{"type": "object", "properties": {"a": {"type": "string"}}}],
            timeout=["1m", "30d"],
            on_timeout=["fail", "approve", "reject"],
        )

    def _workflow(self, names: Names, depth: int) -> Step:
        step = {**self._new("workflow"), "with": self._with(names)}
        step["workflow"] = {"id": "workflow_01ARZ3NDEKTSV4RRFFQ69G5FAV"}
        return self._some(step, names, depth, timeout=["10m", "30d"], retry=self._retry)

    def _wait(self, names: Names, depth: int) -> Step:
        until = self._draw(st.sampled_from([PAST, "{% $now() %}"]))
        if self._certain or self._draw(st.booleans()):
            return {**self._new("wait"), "until": until}
        return {**self._new("wait"), "for": "5s"}

    def _condition(self, names: Names) -> str:
        name = self._draw(st.sampled_from(names))
        test = self._draw(st.sampled_from(["$exists(${})", "${} = 1", "$type(${}) = 'object'"]))
        return f"{{% {test.format(name)} %}}"

    def _branch(self, names: Names, depth: int) -> Step:
        step = self._new("branch")
        step["cases"] = [
            {"when": self._condition(names), "steps": self._path(names, depth, fails=True)}
            for _ in range(self._draw(st.integers(1, 2)))
        ]
        if self._draw(st.booleans()):
            step["otherwise"] = self._path(names, depth)
        return step

    def _path(self, names: Names, depth: int, *, fails: bool = False) -> list[Step]:
        return self.block(names, depth, fails=fails) if self._draw(st.integers(0, 3)) else []

    def _parallel(self, names: Names, depth: int) -> Step:
        step = self._new("parallel")
        step["branches"] = {
            name: self.block(names, depth)
            for name in self._draw(st.sampled_from([["only"], ["left", "right"], ["a", "b", "C"]]))
        }
        return self._caught(step, names, depth)

    def _map(self, names: Names, depth: int) -> Step:
        step = self._new("map")
        item = f"item{self._count}"
        items = [["a"], [], [1, None, {"x": [2]}], "{% $input.list %}", "{% $input.list[0] %}"]
        step |= {"items": self._draw(st.sampled_from(items)), "as": item, "max_items": 5}
        step["steps"] = self.block((*names, item, f"{item}_index"), depth)
        if self._draw(st.booleans()):
            step["concurrency"] = self._draw(st.integers(1, 3))
        return self._caught(step, names, depth)

    def _loop(self, names: Names, depth: int) -> Step:
        step = {**self._new("loop"), "max_iterations": self._draw(st.integers(1, 3))}
        own = step["id"]
        step["steps"] = self.block((*names, own), depth)
        if self._draw(st.booleans()):
            step["while"] = f"{{% ${own}.index < 2 %}}"
        else:
            last = step["steps"][-1]["id"]
            until = [f"{{% ${own}.index >= 1 %}}", f"{{% $type(${last}) = 'null' %}}"]
            step["until"] = self._draw(st.sampled_from(until))
        return step

    def _caught(self, step: Step, names: Names, depth: int) -> Step:
        if self._draw(st.booleans()):
            step["on_error"] = self._on_error(names, depth)
        return step


_HOLDERS = ("branch", "parallel", "map", "loop")
