"""A document written as YAML reads back as the same document."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from functions.api.routes.workflow_yaml import document_yaml
from promptpilot.compiler.yaml_text import write_yaml
from promptpilot.compiler.yaml_values import read_yaml
from promptpilot.domain.workflow import WorkflowDocument
from tests.unit.workflow_samples import transform, workflow

ODD_TEXTS = [
    "",
    " ",
    "~",
    "null",
    "true",
    "yes",
    "off",
    "1",
    "1e3",
    "+.5",
    "0o17",
    "0x1F",
    "1_000",
    "12:30:45",
    "2026-11-24",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "# a",
    "&a",
    "*a",
    "!a",
    "@a",
    "%a",
    "{% $input.a %}",
    "{%\n  $a\n%}",
    "{a: b}",
    "[a]",
    "'a'",
    '"a"',
    "|",
    ">",
    "---",
    "---\na",
    "a\n...\nb",
    "\n",
    "\n\n",
    "a\n",
    "a\n\n\n",
    "\na",
    "  a\nb",
    "a \nb",
    "a\n \nb",
    "a\n\tb",
    "\ta",
    "a\r\nb",
    "a\rb",
    "a\x00b",
    "a\x85b\nc",
    "a\u2028b\nc",
    "\ufeffa\nb",
    "a\x7f\nb",
    "Grüße, 世界 😀\nzwei",
    "x" * 300,
    " ".join(["word"] * 100),
]

texts = st.sampled_from(ODD_TEXTS) | st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
ids = st.sampled_from(["a", "b1", "long_name"])
named = st.dictionaries(texts, values, max_size=2)
plain_steps = st.fixed_dictionaries({"id": ids, "kind": st.just("transform"), "value": values})
child_steps = st.fixed_dictionaries(
    {"id": ids, "kind": st.just("workflow"), "workflow": st.just({"id": "x"}), "with": named},
    optional={"on_error": st.fixed_dictionaries({"value": values})},
)


def holding(inner: Any) -> Any:
    """Steps that hold steps."""
    some = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {"id": ids, "kind": st.just("map"), "items": values, "steps": some}
    ) | st.fixed_dictionaries(
        {"id": ids, "kind": st.just("parallel"), "branches": st.fixed_dictionaries({"left": some})}
    )


steps = st.recursive(plain_steps | child_steps, holding, max_leaves=3)
documents = st.fixed_dictionaries(
    {"name": st.just("Sample"), "steps": st.lists(steps, min_size=1, max_size=2)},
    optional={
        "description": texts,
        "message": texts,
        "version": st.just("1.0.0"),
        "input": st.dictionaries(texts, values, max_size=3),
        "output": values,
        "timeout": st.just("2h"),
    },
)


@given(documents)
@example_settings(max_examples=100, deadline=None)
def test_a_document_read_from_its_own_yaml_is_equal(written: dict[str, Any]) -> None:
    document = WorkflowDocument.model_validate(written)
    read = read_yaml(document_yaml(document))
    assert read == written
    assert json.dumps(read, sort_keys=True) == json.dumps(written, sort_keys=True)
    assert WorkflowDocument.model_validate(read) == document


@given(values)
@example_settings(max_examples=300, deadline=None)
def test_any_value_keeps_its_types_and_the_order_of_its_keys(value: Any) -> None:
    assert json.dumps(read_yaml(write_yaml(value))) == json.dumps(value)


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_text_stays_that_text_also_for_other_readers(text: str) -> None:
    written = write_yaml({text: [text]})
    assert read_yaml(written) == {text: [text]}
    assert yaml.safe_load(written) == {text: [text]}  # reads YAML 1.1


def test_text_of_several_lines_stands_in_a_block() -> None:
    text = "{% (\n  $a := 1;\n  $a\n) %}"
    assert write_yaml({"value": text}) == ("value: |-\n  {% (\n    $a := 1;\n    $a\n  ) %}\n")


def test_nothing_is_folded_and_nothing_is_an_alias() -> None:
    shared = {"long": "word " * 200 + "end"}
    written = write_yaml([shared, shared])
    assert written.count("\n") == 2
    assert "&" not in written


def test_fields_stand_in_the_order_of_the_language_and_keys_in_their_own() -> None:
    document = workflow(transform("a", {"z": 1, "b": 2}), output=1, input={"y": {}, "a": {}})
    written = document_yaml(WorkflowDocument.model_validate({**document, "description": "x"}))
    lines = [line.split(":")[0] for line in written.splitlines()]
    assert lines == [
        "name",
        "description",
        "input",
        "  y",
        "  a",
        "steps",
        "  - id",
        "    kind",
        "    value",
        "      z",
        "      b",
        "output",
    ]
