"""What holds for every document, whoever made it up."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statelint.linter import Linter

from embedded.engine.state_machine import compile_machine
from promptpilot.compiler.compile import compile_draft
from promptpilot.compiler.draft import read_draft
from promptpilot.compiler.expressions import ExpressionInvalid, parse
from promptpilot.compiler.reading import read_document
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.errors import DocumentInvalid, TooLarge
from tests.unit.workflow_samples import compiled

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXAMPLES = 60

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


def values(names: list[str]) -> st.SearchStrategy[Any]:
    """JSON with expressions in it that use these variables."""
    templates = [
        "{{% ${} %}}",
        "{{% ${}.output[0] %}}",
        "{{% $string(${}) & '!' %}}",
        "{{% ( $x := ${}; {{'a': $x}} ) %}}",
        "{{% $map([1, 2], function($v) {{ $v & ${} }}) %}}",
    ]
    expressions = st.builds(str.format, st.sampled_from(templates), st.sampled_from(names))
    return st.recursive(
        scalars | expressions,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document: a chain of steps of which each may use all before it."""
    names, steps = ["input"], []
    for number in range(draw(st.integers(1, 5))):
        steps.append(draw(_steps(f"step_{number}", names)))
        names = [*names, f"step_{number}"]
    document: dict[str, Any] = {"name": "Any", "steps": steps}
    if draw(st.booleans()):
        document["output"] = draw(values(names))
    elif draw(st.booleans()):
        message = draw(texts | st.just("{% $string($input) %}"))
        document["steps"].append({"id": "stop", "kind": "fail", "message": message})
    return document


@st.composite
def _steps(draw: st.DrawFn, id: str, names: list[str]) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"id": id, "kind": "transform", "value": draw(values(names))}
    step: dict[str, Any] = {"id": id, "kind": "prompt", "prompt": {"name": "Any"}}
    optional = {
        "with": st.dictionaries(texts, values(names), max_size=3),
        "model": st.sampled_from(["local/m", "{% $input.model %}"]),
        "select": st.sampled_from(["{% $output.a %}", "{% $output & $input.a %}"]),
        "timeout": st.sampled_from(["1s", "90s", "14m"]),
        "retry": st.fixed_dictionaries({"attempts": st.integers(1, 9)}),
        "on_error": st.just("fail") | st.fixed_dictionaries({"value": values([*names, "error"])}),
    }
    for field in draw(st.sets(st.sampled_from(sorted(optional)))):
        step[field] = draw(optional[field])
    return step


@settings(RELAXED, max_examples=EXAMPLES)
@given(documents())
def test_a_valid_document_compiles_to_one_state_a_step_that_validators_and_engine_take(
    document: dict[str, Any],
) -> None:
    found = compiled(document)
    caught = [each["id"] for each in document["steps"] if isinstance(each.get("on_error"), dict)]
    names = {each["id"] for each in document["steps"]} | {f"{name}.on_error" for name in caught}
    assert set(found.asl["States"]) == names
    assert Linter.validate(dict(found.asl)) == []
    compile_machine("key", "workflow", json.dumps(found.asl))
    assert json.dumps(compiled(document).asl) == json.dumps(found.asl)


@settings(RELAXED, max_examples=EXAMPLES)
@given(documents())
def test_a_document_is_read_back_as_it_was_written_and_compiles_to_the_same(
    document: dict[str, Any],
) -> None:
    read = WorkflowDocument.model_validate_json(json.dumps(document))
    assert json.loads(read.model_dump_json()) == document
    assert compiled(read.model_dump(mode="json")).digest == compiled(document).digest


@settings(RELAXED, max_examples=EXAMPLES)
@given(documents(), st.data())
def test_a_document_with_something_odd_in_it_is_refused_or_taken_and_nothing_else(
    document: dict[str, Any], data: st.DataObject
) -> None:
    part: Any = document
    while part and isinstance(part, dict | list) and data.draw(st.integers(0, 4)):
        key = data.draw(
            st.sampled_from(sorted(part) if isinstance(part, dict) else [*range(len(part))])
        )
        if data.draw(st.booleans()):
            part[key] = data.draw(odd)
            break
        part = part[key]
    refused_or_taken(document)


odd = st.recursive(
    scalars
    | st.sampled_from(["{% ( %}", "{% $b %}", "{%", "prompt", "1h", float("nan"), 2**70, "\ud800"])
    | st.text("{%} $()[]'\"/:=?.abc", max_size=15),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "kind", "steps", "on_error", "value", "retry", "<x>", "$ref", "type"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(RELAXED, max_examples=4 * EXAMPLES)
@given(odd)
def test_anything_at_all_as_a_document_is_refused_or_taken(document: Any) -> None:
    refused_or_taken(document)
    refused_or_taken({"name": "x", "steps": [document]})
    refused_or_taken({"name": "x", "steps": [{"id": "a", "kind": "prompt", "prompt": document}]})
    refused_or_taken(
        {"name": "x", "steps": [{"id": "a", "kind": "transform", "value": 1}], "input": document}
    )


def refused_or_taken(document: Any) -> None:
    try:
        compile_draft(read_draft(document), {})
    except TooLarge:
        return
    except DocumentInvalid as refused:
        problems = refused.problems
    else:
        return
    assert problems


@settings(RELAXED, max_examples=4 * EXAMPLES)
@given(st.text("{}[],:\"'&*!|>-# \n\tab01.e+%", max_size=40) | st.text(max_size=30), st.booleans())
def test_any_text_is_read_or_refused(text: str, yaml: bool) -> None:
    with suppress(DocumentInvalid):
        read_document(text, yaml=yaml)


@settings(RELAXED, max_examples=4 * EXAMPLES)
@given(st.text("$abx ()[]{}.,;:=+-*/%@#^&|~?<>!'\"`\\\n1", max_size=25))
def test_any_text_is_an_expression_or_is_not(source: str) -> None:
    with suppress(ExpressionInvalid):
        parse(source)
