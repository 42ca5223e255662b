"""Rendering prompts, with what they include."""

import threading
from typing import Any

import pytest

from promptpilot.domain.principal import Principal
from promptpilot.domain.prompt_document import PromptDocument, Rendered, RenderRequest
from promptpilot.errors import (
    DocumentInvalid,
    Invalid,
    NotFound,
    RenderFailed,
    TemplateInvalid,
    VariablesInvalid,
)
from promptpilot.services.prompts.documents import get_prompt
from promptpilot.services.prompts.labels import move_label
from promptpilot.services.prompts.render import render_prompt
from promptpilot.services.prompts.versions import load_version, render_messages
from tests.fakes import MemoryTable
from tests.unit.prompt_world import changed, made, someone, text_prompt


def render(
    principal: Principal, document: PromptDocument, table: MemoryTable, **request: Any
) -> Rendered:
    return render_prompt(principal, document.id, RenderRequest.model_validate(request), table=table)


def include(document: PromptDocument) -> str:
    return f'{{% include "{document.id}@{document.version}" %}}'


def test_a_text_is_rendered_with_the_digest_of_its_version() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    answer = render(principal, document, table, variables={"notes": "<hello> & {{bye}}"})
    assert answer.model_dump(mode="json") == {
        "text": "Summarize the following notes: <hello> & {{bye}}",
        "version": "1.0.0",
        "digest": document.digest,
    }


def test_every_message_is_rendered() -> None:
    table, principal = MemoryTable(), someone()
    messages = [
        {"role": "system", "content": "In {{ language }}."},
        {"role": "user", "content": "{{ notes }}\n"},
    ]
    variables = ["notes", {"name": "language", "default": "English"}]
    document = made(principal, table, content=None, messages=messages, variables=variables)
    answer = render(principal, document, table, variables={"notes": "n"})
    assert answer.model_dump(mode="json", exclude={"version", "digest"}) == {
        "messages": [
            {"role": "system", "content": "In English."},
            {"role": "user", "content": "n\n"},
        ]
    }


def test_a_text_becomes_one_message_of_the_user() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table)
    version = load_version(principal.workspace, document.id, "1.0.0", table=table)
    (message,) = render_messages(version, {"notes": "x"}, table=table)
    assert (message.role, message.content) == ("user", "Summarize the following notes: x")


def test_the_version_that_is_named_is_rendered() -> None:
    table, principal = MemoryTable(), someone()
    document = made(principal, table, content="1 {{notes}}")
    changed(principal, document.id, table, content="2 {{notes}}")
    move_label(principal, document.id, "staging", "1.0.0", table=table)
    variables = {"notes": "x"}
    assert render(principal, document, table, variables=variables).text == "2 x"
    assert render(principal, document, table, variables=variables, version="1.0.0").text == "1 x"
    assert render(principal, document, table, variables=variables, label="staging").text == "1 x"
    with pytest.raises(NotFound):
        render(principal, document, table, variables=variables, label="nowhere")
    with pytest.raises(Invalid):
        render(principal, document, table, variables=variables, label="staging", version="1.0.0")


def test_wrong_variables_are_all_named_before_anything_is_rendered() -> None:
    table, principal = MemoryTable(), someone()
    variables = ["a", "b", {"name": "n", "type": "integer"}]
    document = text_prompt(principal, table, "{{a}}{{b}}{{n}}", *variables)
    with pytest.raises(VariablesInvalid) as refused:
        render(principal, document, table, variables={"a": 1, "n": True, "z": 0})
    error = refused.value
    assert (error.missing, error.unknown, set(error.wrong)) == (("b",), ("z",), {"a", "n"})


def test_an_optional_variable_that_is_left_out_can_be_tested_but_not_printed() -> None:
    table, principal = MemoryTable(), someone()
    optional = {"name": "tone", "required": False}
    tested = text_prompt(principal, table, "x{% if tone %}, {{ tone }}{% endif %}", optional)
    printed = text_prompt(principal, table, "x, {{ tone }}", optional)
    assert render(principal, tested, table).text == "x"
    assert render(principal, tested, table, variables={"tone": "warm"}).text == "x, warm"
    with pytest.raises(RenderFailed, match="tone"):
        render(principal, printed, table)


def test_an_included_prompt_is_part_of_the_text_and_of_the_digest() -> None:
    table, principal = MemoryTable(), someone()
    tone = text_prompt(principal, table, "Be {{ mood }}.", "mood")
    document = text_prompt(principal, table, f"{include(tone)} {{{{ notes }}}}", "notes", "mood")
    assert document.includes == {f"{tone.id}@1.0.0": tone.digest}
    answer = render(principal, document, table, variables={"notes": "n", "mood": "kind"})
    assert answer.text == "Be kind. n"
    changed(principal, tone.id, table, content="Never be {{ mood }}.")
    again = render(principal, document, table, variables={"notes": "n", "mood": "kind"})
    assert again == answer


def test_a_fork_keeps_what_it_includes() -> None:
    table, principal = MemoryTable(), someone()
    inner = text_prompt(principal, table, "inner")
    outer = text_prompt(principal, table, f"outer {include(inner)}")
    assert get_prompt(principal, outer.id, table=table).includes == {
        f"{inner.id}@1.0.0": inner.digest
    }
    assert render(principal, outer, table).text == "outer inner"


def test_includes_of_includes_are_rendered_too() -> None:
    table, principal = MemoryTable(), someone()
    document = text_prompt(principal, table, "0")
    for depth in range(1, 9):
        document = text_prompt(principal, table, f"{depth}{include(document)}")
    assert render(principal, document, table).text == "876543210"
    with pytest.raises(DocumentInvalid) as refused:
        text_prompt(principal, table, include(document))
    assert [problem.code for problem in refused.value.problems] == ["includes_too_deep"]


def test_the_number_of_included_prompts_is_bounded() -> None:
    table, principal = MemoryTable(), someone()
    many = [text_prompt(principal, table, f"{number}") for number in range(51)]
    text_prompt(principal, table, "".join(map(include, many[:50])))
    with pytest.raises(DocumentInvalid) as refused:
        text_prompt(principal, table, "".join(map(include, many)))
    assert [problem.code for problem in refused.value.problems] == ["too_many_includes"]


def test_an_include_that_is_not_there_is_refused() -> None:
    table, principal = MemoryTable(), someone()
    inner = text_prompt(principal, table, "inner")
    foreign = text_prompt(someone(), table, "foreign")
    other_version = inner.model_copy(update={"version": "1.0.1"})
    for missing in (foreign, other_version):
        with pytest.raises(DocumentInvalid) as refused:
            text_prompt(principal, table, include(missing))
        (problem,) = refused.value.problems
        assert (problem.at, problem.code) == ("/content", "include_not_found")


def test_a_prompt_cannot_include_a_version_of_itself_that_is_to_come() -> None:
    table, principal = MemoryTable(), someone()
    document = text_prompt(principal, table, "one")
    itself = document.model_copy(update={"version": "1.0.1"})
    with pytest.raises(DocumentInvalid):
        changed(principal, document.id, table, content=include(itself))
    older = changed(principal, document.id, table, content=f"two {include(document)}")
    assert render(principal, older, table).text == "two one"


@pytest.mark.parametrize("named", ["{id}", "{id}@production", "{id}@latest", "{name}@1.0.0"])
def test_an_include_needs_an_id_and_an_exact_version(named: str) -> None:
    table, principal = MemoryTable(), someone()
    inner = text_prompt(principal, table, "inner")
    source = f'{{% include "{named.format(id=inner.id, name=inner.name)}" %}}'
    with pytest.raises(TemplateInvalid, match="exact version"):
        text_prompt(principal, table, source)


def test_only_texts_can_be_included() -> None:
    table, principal = MemoryTable(), someone()
    messages = [{"role": "user", "content": "hello"}]
    talk = made(principal, table, content=None, messages=messages, variables=[])
    with pytest.raises(DocumentInvalid) as refused:
        text_prompt(principal, table, include(talk))
    assert [problem.code for problem in refused.value.problems] == ["include_not_text"]


def test_the_variables_of_an_included_prompt_must_be_declared_as_it_declares_them() -> None:
    table, principal = MemoryTable(), someone()
    inner = text_prompt(principal, table, "{{ n }}{{ m }}", {"name": "n", "type": "integer"}, "m")

    def problems(*variables: Any) -> list[str]:
        with pytest.raises(DocumentInvalid) as refused:
            text_prompt(principal, table, include(inner), *variables)
        return [problem.code for problem in refused.value.problems]

    integer = {"name": "n", "type": "integer"}
    assert problems() == ["variable_not_declared", "variable_not_declared"]
    assert problems("n", "m") == ["variable_type_differs"]
    assert problems(integer, {"name": "m", "required": False}) == ["variable_must_be_required"]
    text_prompt(principal, table, include(inner), integer, {"name": "m", "default": "x"})


def test_a_failure_in_an_included_prompt_names_it() -> None:
    table, principal = MemoryTable(), someone()
    inner = text_prompt(principal, table, "a\n{{ o.x }}", {"name": "o", "type": "object"})
    outer = text_prompt(principal, table, include(inner), {"name": "o", "type": "object"})
    with pytest.raises(RenderFailed) as failed:
        render(principal, outer, table, variables={"o": {}})
    assert (failed.value.template, failed.value.line) == (f"{inner.id}@1.0.0", 2)


def test_threads_render_different_versions_at_once() -> None:
    table, principal = MemoryTable(), someone()
    prompts = [text_prompt(principal, table, f"{number}: {{{{ x }}}}", "x") for number in range(4)]
    wrong: list[Any] = []

    def run(number: int) -> None:
        for turn in range(50):
            place = (number + turn) % len(prompts)
            text = render(principal, prompts[place], table, variables={"x": f"{number}"}).text
            if text != f"{place}: {number}":
                wrong.append(text)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
