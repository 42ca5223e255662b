"""Reading the text of a workflow: JSON or YAML, nothing but JSON values in it."""

from typing import Any

import pytest

from promptpilot.compiler.reading import read_document
from promptpilot.errors import DocumentInvalid, TooLarge


def yaml(text: str) -> Any:
    return read_document(text, yaml=True)


def refusal(text: str | bytes, *, yaml: bool = False) -> tuple[str, str]:
    with pytest.raises(DocumentInvalid) as refused:
        read_document(text, yaml=yaml)
    [problem] = refused.value.problems
    assert problem.at == ""
    return problem.code, problem.message


def test_json_and_yaml_give_the_same() -> None:
    json = '{"name": "x", "steps": [{"id": "a", "n": 1.5, "on": [true, null]}]}'
    same = "name: x\nsteps:\n  - id: a\n    n: 1.5\n    on: [true, ~]\n"
    assert read_document(json) == yaml(same) == yaml(json)
    assert read_document(json.encode()) == read_document(json)


@pytest.mark.parametrize(
    "text", ["on", "yes", "off", "2024-01-31", "12:30", "1_000", "0x1F", ".inf"]
)
def test_what_older_yaml_takes_for_something_else_is_text(text: str) -> None:
    assert yaml(f"value: {text}") == {"value": text}
    assert yaml(f"{text}: value") == {text: "value"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("|-\n  a\n  b", "a\nb"),
        (">-\n  a\n  b", "a b"),
    ],
)
def test_plain_scalars_are_those_of_json(text: str, value: Any) -> None:
    assert yaml(f"value: {text}") == {"value": value}


def test_an_anchor_can_be_used_again() -> None:
    assert yaml("a: &again {x: 1}\nb: *again\n") == {"a": {"x": 1}, "b": {"x": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "Line 2, column 1: The key a stands twice."),
        ("a: {b: 1, b: 2}", "Line 1, column 11: The key b stands twice."),
        ("a: [1", "Line 2, column 1: did not find expected ',' or ']'."),
        ("1: a", "Line 1, column 1: A key must be text; put it in quotes."),
        ("? [a]\n: 1", "Line 1, column 3: A key must be text; put it in quotes."),
        ("a: *b", "Line 1, column 4: There is no anchor b."),
        ("a: &a [*a]", "Line 1, column 8: There is no anchor a."),
        ("a: 1\n---\nb: 2", "Line 2, column 1: There is more than one document."),
        ("", "There is no document."),
        ("# nothing", "There is no document."),
        ("a: \x00", "The text has characters that YAML does not allow."),
        ("a: !!binary aGk=", "The tag tag:yaml.org,2002:binary is not supported."),
        ("a: !!python/name:os.system", "The tag tag:yaml.org,2002:python/name:os.system"),
        ("a: !!str [1]", "The tag tag:yaml.org,2002:str is not supported."),
        ("a: " + "[" * 150, "It lies more than 100 levels deep."),
    ],
)
def test_yaml_that_is_none_or_says_too_much_is_refused_with_its_place(
    text: str, message: str
) -> None:
    code, told = refusal(text, yaml=True)
    assert code == "yaml_invalid"
    assert message in told


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('{"a" 1}', "json_invalid", "Line 1, column 6: "),
        ("", "json_invalid", "Line 1, column 1: "),
        ('{"a": NaN}', "json_invalid", "NaN is no JSON."),
        ('{"a": -Infinity}', "json_invalid", "-Infinity is no JSON."),
        ('{"a": {"b": 1, "b": 2}}', "key_repeated", "`b`"),
        ("[" * 100_000, "too_deep", "too many levels"),
        (b"\xff", "encoding_invalid", "UTF-8"),
    ],
)
def test_json_that_is_none_is_refused(text: str | bytes, code: str, message: str) -> None:
    told = refusal(text)
    assert told[0] == code
    assert message in told[1]


def test_a_number_of_any_length_is_read_at_once() -> None:
    assert read_document("9" * 100_000) == float("inf")


def test_a_text_far_over_the_limit_is_not_read() -> None:
    with pytest.raises(TooLarge):
        read_document(" " * 1_048_577)
