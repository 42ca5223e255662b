from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from promptpilot.domain.prompt_diff import diff_versions_of
from promptpilot.domain.text_diff import TextChange, diff_text
from tests.unit.prompt_world import version


def pieces(changes: tuple[TextChange, ...]) -> list[tuple[str, str]]:
    return [(change.op, change.text) for change in changes]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a b c", "a b c", [("equal", "a b c")]),
        (
            "Sum up the notes.",
            "Sum up all the notes.",
            [("equal", "Sum up "), ("insert", "all "), ("equal", "the notes.")],
        ),
        (
            "Be brief.",
            "Be kind.",
            [("equal", "Be "), ("delete", "brief"), ("insert", "kind"), ("equal", ".")],
        ),
        ("", "new", [("insert", "new")]),
        ("old", "", [("delete", "old")]),
        ("", "", []),
        ("größer", "größte", [("delete", "größer"), ("insert", "größte")]),
    ],
)
def test_texts_are_compared_word_by_word(
    old: str, new: str, expected: list[tuple[str, str]]
) -> None:
    assert pieces(diff_text(old, new)) == expected


@example_settings(deadline=None, database=None, max_examples=200)
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_difference_holds_both_texts_whole(old: str, new: str) -> None:
    changes = pieces(diff_text(old, new))
    assert "".join(text for op, text in changes if op != "insert") == old
    assert "".join(text for op, text in changes if op != "delete") == new
    assert all(text for _, text in changes)


def test_a_large_text_is_compared_by_lines() -> None:
    lines = [f"line {number} of many\n" for number in range(900)]
    old = "".join(lines)
    new = "".join(["first\n", *lines[:-1], "line last\n"])
    changes = pieces(diff_text(old, new))
    assert ("insert", "first\n") in changes
    assert changes[-1] == ("insert", "line last\n")


def test_huge_texts_of_the_same_lines_are_exchanged_between_what_is_common() -> None:
    old = "start\n" + "a\nb\n" * 10_000 + "end\n"
    new = "start\n" + "b\na\n" * 10_000 + "end\n"
    changes = diff_text(old, new)
    assert [change.op for change in changes] == ["equal", "delete", "insert", "equal"]
    assert (changes[0].text, changes[-1].text) == ("start\n", "end\n")


def test_a_difference_tells_variables_settings_model_and_schema() -> None:
    schema = {"type": "object"}
    old = version(variables=["a", "b", "c"], settings={"temperature": 0.5}, model="x/y")
    new = version(
        version="2.0.0",
        variables=["a", {"name": "b", "type": "integer"}, "d"],
        settings={"temperature": 0.7, "max_tokens": 9},
        model="x/z",
        output_schema=schema,
    )
    diff = diff_versions_of(old, new)
    assert (diff.version, diff.other, diff.required) == ("1.2.3", "2.0.0", "major")
    assert [variable.name for variable in diff.variables.added] == ["d"]
    assert [variable.name for variable in diff.variables.removed] == ["c"]
    assert [change.name for change in diff.variables.changed] == ["b"]
    fields = {change.field: (change.before, change.after) for change in diff.fields}
    assert fields == {
        "model": ("x/y", "x/z"),
        "settings/temperature": (0.5, 0.7),
        "settings/max_tokens": (None, 9),
        "output_schema": (None, schema),
    }
    assert "The variable 'c' was removed." in diff.reasons


def test_messages_are_compared_one_by_one() -> None:
    def talk(*messages: tuple[str, str]) -> dict[str, Any]:
        documents = [{"role": role, "content": content} for role, content in messages]
        return {"content": None, "messages": documents}

    old = version(**talk(("system", "Be kind."), ("user", "{{notes}}")))
    new = version(**talk(("system", "Be brief."), ("user", "{{notes}}"), ("assistant", "Yes.")))
    diff = diff_versions_of(old, new)
    assert diff.content is None
    assert diff.messages is not None
    first, second, third = diff.messages
    assert ("delete", "kind") in pieces(first.content)
    assert pieces(second.content) == [("equal", "{{notes}}")]
    assert (third.role_before, third.role_after) == (None, "assistant")
    assert pieces(third.content) == [("insert", "Yes.")]


def test_a_text_that_became_messages_is_compared_with_the_users_message() -> None:
    messages = [{"role": "user", "content": "{{notes}}!"}]
    diff = diff_versions_of(version(), version(content=None, messages=messages))
    assert diff.messages is not None
    assert pieces(diff.messages[0].content) == [("equal", "{{notes}}"), ("insert", "!")]


def test_equal_versions_differ_in_nothing() -> None:
    diff = diff_versions_of(version(), version())
    assert diff.required is None
    assert diff.reasons == ()
    document = diff.model_dump(mode="json")
    assert "messages" not in document
    assert document["content"] == [{"op": "equal", "text": "{{notes}}"}]
