"""What holds for every document, whoever made it up."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.engine.state_machine import compile_machine
from promptpilot.compiler.compile import compile_draft
from promptpilot.compiler.draft import read_draft
from promptpilot.compiler.expressions import ExpressionInvalid, parse
from promptpilot.compiler.reading import read_document
from promptpilot.domain.workflow import WorkflowDocument
from promptpilot.errors import DocumentInvalid, TooLarge
from tests.unit.workflow_samples import compiled
from tools.lint_machines import complaints
from tools.random_documents import documents, scalars

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
EXAMPLES = 60

AUXILIARY = ("on_error", "item", "next", "end", "timeout")


def state_names(machine: dict[str, Any]) -> list[str]:
    """The names of all states of a machine and of those within it."""
    found = list(machine["States"])
    for state in machine["States"].values():
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor")):
            found += state_names(inner) if inner else []
    return found


@settings(RELAXED, max_examples=EXAMPLES)
@given(documents())
def test_a_valid_document_compiles_to_one_state_a_step_that_validators_and_engine_take(
    document: dict[str, Any],
) -> None:
    found = compiled(document)
    ids = {step.id for step in WorkflowDocument.model_validate(document).by_path.values()}
    names = state_names(dict(found.asl))
    assert len(names) == len(set(names))
    assert ids <= set(names)
    auxiliary = {f"{each}.{ending}" for each in ids for ending in AUXILIARY}
    assert set(names) - ids <= auxiliary
    assert complaints(found.asl) == []
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
