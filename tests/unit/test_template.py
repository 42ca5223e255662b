"""Templates: what they may hold, what errors say, and that none can hurt the process."""

import contextlib
import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from minijinja import Environment, TemplateError

from promptpilot.domain.template import (
    MAX_RENDERED_CHARACTERS,
    CompiledTemplates,
    Template,
    parse_template,
)
from promptpilot.domain.template_roles import Role, words_of
from promptpilot.domain.template_syntax import TemplateText, read_tags
from promptpilot.errors import RenderFailed, TemplateInvalid, TooLarge

REF = "prompt_01J00000000000000000000000@1.0.0"


def parsed(source: str) -> Template:
    return parse_template(TemplateText("content", source))


def rendered(source: str, includes: dict[str, str] | None = None, **values: Any) -> str:
    """The text, after the check that every saved template has passed."""
    parsed(source)
    compiled = CompiledTemplates([TemplateText("content", source)], includes or {})
    return compiled.render(values)[0]


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("Summarize: {{notes}}", {"notes": "a < b & 'c'"}, "Summarize: a < b & 'c'"),
        ("no tags\n", {}, "no tags\n"),
        ("{% if tone %}{{ tone }}{% else %}none{% endif %}", {}, "none"),
        ("{{ tone if tone is defined else 'plain' }}", {}, "plain"),
        ("{{ tone | default('plain') }}", {}, "plain"),
        ("{% for x in xs %}{{ loop.index }}:{{ x }} {% endfor %}", {"xs": ["a", "b"]}, "1:a 2:b "),
        ("{% for k, v in o | items %}{{ k }}={{ v }};{% endfor %}", {"o": {"a": 1}}, "a=1;"),
        ("{{ xs | map('upper') | join(', ') }}", {"xs": ["a", "b"]}, "A, B"),
        ("{{ xs | map(attribute='n') | join('+') }}", {"xs": [{"n": 1}, {"n": 2}]}, "1+2"),
        ("{{ o }} {{ xs }}", {"o": {"a": "é"}, "xs": [1, None]}, '{"a": "é"} [1, null]'),
        ("{{ o | tojson }}", {"o": {"a": [1, {"b": True}]}}, '{"a": [1, {"b": true}]}'),
        ("{{ o.items }} {{ o['items'][0] }}", {"o": {"items": [7]}}, "[7] 7"),
        ("{% set n = xs | length %}{{ n }}", {"xs": [1, 2, 3]}, "3"),
        ("{% raw %}{{ not_a_variable }}{% endraw %}", {}, "{{ not_a_variable }}"),
        ("a{# no {{ one }} sees this #}b", {}, "ab"),
        ("{{ '}}' }}{{ '%}' }}", {}, "}}%}"),
        ("{{ {'a': {'b': x}}.a.b }}", {"x": 1}, "1"),
        ("{%- if x -%} {{ x }} {%- endif -%}", {"x": 1}, "1"),
        ("{{ 'ü' ~ x }} 👩‍👩‍👧", {"x": "ß"}, "üß 👩‍👩‍👧"),
        ("{{ n + 1 }} {{ n / 2 }} {{ -n }}", {"n": 3}, "4 1.5 -3"),
        ("{{ big }}", {"big": 2**63 - 1}, str(2**63 - 1)),
        ("{% for x in range(3) %}{{ x }}{% endfor %}", {}, "012"),
        (
            "{% for title, x in [('A', a), ('B', b)] %}{{ title }}: {{ x }} {% endfor %}",
            {"a": 1, "b": 2},
            "A: 1 B: 2 ",
        ),
        ("{% for x in xs if x > 1 %}{{ x }}{% else %}-{% endfor %}", {"xs": [1]}, "-"),
    ],
)
def test_a_template_renders(source: str, values: dict[str, Any], expected: str) -> None:
    assert rendered(source, **values) == expected


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ a }}{{ b.c[d] }}", {"a", "b", "d"}),
        ("{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}", {"xs"}),
        ("{% for x in xs %}{% endfor %}{{ x }}", {"xs", "x"}),
        ("{% set y = a %}{{ y }}", {"a"}),
        ("{{ range(n) | list }}", {"n"}),
        ("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}{{ '{{ c }}' }}", set()),
        ("{% if a is defined and b in c %}{{ d if e else f }}{% endif %}", set("abcdef")),
    ],
)
def test_the_variables_that_a_template_needs_are_found(source: str, names: set[str]) -> None:
    assert parsed(source).variables == names


@pytest.mark.parametrize(
    ("source", "line", "column", "part"),
    [
        ("{{ a", 1, 1, "does not end"),
        ("one\n two {{ 'x }}", 2, 9, "string does not end"),
        ("x\n{# never", 2, 1, "comment does not end"),
        ("x{% raw %}{{ a }}", 1, 4, "raw block does not end"),
        ("éé {{ a + }}", 1, 11, "unexpected end"),
        ("👩‍👩‍👧\n  {% if %}x", 2, 9, "unexpected end of block"),
        ("{% for x in y %}", 1, 15, "unexpected end of input"),
        ("a\nb\n{% endif %}", 3, 4, "endif"),
        ("{{ a ! b }}", 1, 6, "unexpected character '!'"),
        ("{{ né }}", 1, 5, "unexpected character 'é'"),
        ("\n{{ a | shout }}", 2, 8, "no filter 'shout'"),
        ("{{ a is shiny }}", 1, 9, "no test 'shiny'"),
        ("{{ shout(a) }}", 1, 4, "no function 'shout'"),
        ("{{ a.upper() }}", 1, 11, "can be called"),
        ("{% break %}", 1, 4, "loop"),
    ],
)
def test_a_broken_template_is_refused_with_its_place(
    source: str, line: int, column: int, part: str
) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        parsed(source)
    error = refused.value
    assert (error.line, error.column, error.template) == (line, column, "content")
    assert part in error.reason
    assert str(error) == f"content, line {line}, column {column}: {error.reason}"


@pytest.mark.parametrize(
    ("source", "values", "part"),
    [
        ("{{ tone }}", {}, "`tone` is undefined"),
        ("a\n{{ o.missing.deep }}", {"o": {}}, "`o.missing.deep` is undefined"),
        ("{% for x in xs %}{% endfor %}", {}, "undefined"),
        ("{{ o.keys }}", {"o": {}}, "undefined"),
        ("{{ xs.append }}", {"xs": [1]}, "undefined"),
        ("{{ xs[5] }}", {"xs": [1]}, "undefined"),
        ("{{ o.__class__ }}", {"o": {}}, "undefined"),
        ("{{ o['_members'] }}", {"o": {}}, "undefined"),
        ("{{ 1 / 0 }}", {}, "1 / 0"),
        ("{{ a + 1 }}", {"a": "x"}, ""),
        ("{% for x in n %}{% endfor %}", {"n": 1}, ""),
    ],
)
def test_what_cannot_be_rendered_says_why(source: str, values: dict[str, Any], part: str) -> None:
    with pytest.raises(RenderFailed) as failed:
        rendered(source, **values)
    assert part in failed.value.reason
    assert failed.value.line == source.count("\n") + 1


def test_a_failure_in_an_included_template_names_it_and_its_line() -> None:
    with pytest.raises(RenderFailed) as failed:
        rendered(f'a\n{{% include "{REF}" %}}', {REF: "\n\n{{ x.y }}"}, x={})
    assert (failed.value.template, failed.value.line) == (REF, 3)
    assert "undefined" in failed.value.reason


def test_only_resolved_includes_are_served() -> None:
    with pytest.raises(RenderFailed):
        rendered(f'{{% include "{REF}" %}}', {})


@pytest.mark.parametrize(
    "source",
    [
        "{% include name %}",
        '{% include "prompt_01J00000000000000000000000" %}',
        '{% include "prompt_01J00000000000000000000000@production" %}',
        '{% include "prompt_01J00000000000000000000000@1.0" %}',
        '{% include "/etc/passwd" %}',
        '{% include "Summarize@1.0.0" %}',
        f'{{% include "{REF}" ignore missing %}}',
        f'{{% include ["{REF}"] %}}',
        f'{{% include "{REF}" ~ x %}}',
        "{% include %}",
        f'{{% extends "{REF}" %}}',
        f'{{% import "{REF}" as x %}}',
        f'{{% from "{REF}" import x %}}',
    ],
)
def test_an_include_names_one_prompt_and_its_exact_version(source: str) -> None:
    with pytest.raises(TemplateInvalid):
        parsed(source)


def test_includes_are_found_once_each() -> None:
    source = f"""{{% include "{REF}" %}}{{%- include '{REF}' -%}}"""
    source += '{% raw %}{% include "x" %}{% endraw %}{# {% include "y" %} #}'
    assert parsed(source).includes == (REF,)


HOSTILE_TO_SAVE = {
    "power": "{% for i in range(10**9) %}x{% endfor %}",
    "repeated string": "{{ 'x' * 1000000000 }}",
    "repeated list": "{{ ([a] * 100000) | join }}",
    "macro": "{% macro r(n) %}{{ r(n) }}{% endmacro %}{{ r(1) }}",
    "block set": "{% set a %}{{ a }}{{ a }}{% endset %}",
    "namespace": "{% set n = namespace(s='x') %}",
    "doubled by set": "{% set s = [s, s] %}" * 40 + "{{ s }}",
    "doubled by tuple": "{% set s = s, s %}" * 40 + "{{ s }}",
    "doubled by plus": "{% set s = s + s %}" * 40 + "{{ s | length }}",
    "doubled by for": "{% for a in [{'a': [a, a]}] %}" * 10 + "{{ a }}" + "{% endfor %}" * 10,
    "doubled in brackets": "{% for a in ([a, a]) %}" * 5 + "{{ a }}" + "{% endfor %}" * 5,
    "doubled where included": "{% for a in [a, a] %}" + f'{{% include "{REF}" %}}' + "{% endfor %}",
    "long chain": "{{ 1" + "+1" * 50_000 + " }}",
    "many filters": "{{ a" + "|upper" * 50_000 + " }}",
    "many attributes": "{{ a" + ".x" * 50_000 + " }}",
    "many signs": "{{ " + "-" * 50_000 + "1 }}",
    "many nots": "{{ " + "not " * 50_000 + "a }}",
    "broken chain": "{{ 1" + "+1" * 50_000,
    "many elifs": "{% if a %}" + "{% elif a %}" * 20_000 + "{% endif %}",
    "deep for": "{% for x in a %}" * 5_000,
    "deep if": "{% if a %}" * 5_000 + "{% endif %}" * 5_000,
    "deep brackets": "{{ " + "[" * 5_000 + "]" * 5_000 + " }}",
    "recursive loop": "{% for x in a recursive %}{{ loop(a) }}{% endfor %}",
    "method": "{{ a.clear() }}",
    "method by subscript": "{{ a['clear']() }}",
    "call of a call": "{{ range(3)() }}",
    "format": "{{ '%(x)s' | format(x=a) }}",
    "batch": "{{ a | batch(100000, a) }}",
    "map by name": "{{ a | map(b, 100000000) | list }}",
    "map with default": "{{ a | map(attribute='x', default=b) | list }}",
    "wide json": "{{ a | tojson(indent=100000000) }}",
    "wide json by map": "{{ a | map('tojson', 100000000) | list }}",
    "debug": "{{ debug() }}",
    "auto-escape": "{% autoescape true %}{{ a }}{% endautoescape %}",
    "unicode disguise": "{{ a\u00b7b() }}",
    "other space": "{{\u00a0a }}",
}


@pytest.mark.parametrize("name", list(HOSTILE_TO_SAVE))
def test_a_hostile_template_is_refused_when_it_is_saved(name: str) -> None:
    with pytest.raises(TemplateInvalid):
        parsed(HOSTILE_TO_SAVE[name])


HOSTILE_TO_RENDER: dict[str, tuple[str, dict[str, Any]]] = {
    "too long a range": ("{% for i in range(1000000000) %}x{% endfor %}", {}),
    "loops in loops": (
        "{% for a in xs %}{% for b in xs %}{% for c in xs %}x{% endfor %}{% endfor %}{% endfor %}",
        {"xs": list(range(1000))},
    ),
    "a large text often": (
        "{% for x in xs %}{{ t }}{% endfor %}",
        {"xs": [0] * 10_000, "t": "t" * 10**6},
    ),
    "joined by a large text": ("{{ xs | join(t) }}", {"xs": [0] * 10_000, "t": "t" * 10**6}),
    "replaced by itself": ("{{ t | replace('t', t) }}", {"t": "t" * 10_000}),
    "doubled text": ("{% set t = t ~ t %}" * 40 + "{{ t }}", {"t": "t"}),
    "indented far": ("{{ t | indent(100000000) }}", {"t": "a\nb"}),
}


@pytest.mark.parametrize("name", list(HOSTILE_TO_RENDER))
def test_a_template_that_is_too_much_work_is_stopped(name: str) -> None:
    source, values = HOSTILE_TO_RENDER[name]
    with pytest.raises((RenderFailed, TooLarge)):
        rendered(source, **values)


def test_a_rendered_text_is_bounded() -> None:
    assert len(rendered("{{ a }}", a="x" * MAX_RENDERED_CHARACTERS)) == MAX_RENDERED_CHARACTERS
    with pytest.raises(TooLarge):
        rendered("{{ a }}x", a="x" * MAX_RENDERED_CHARACTERS)


def test_rendering_leaves_the_values_as_they_were() -> None:
    values = {"xs": [3, 1, 2], "o": {"a": [1]}}
    rendered("{{ xs | sort }}{{ xs | reverse | list }}{% set o = o.a %}{{ o }}", **values)
    assert values == {"xs": [3, 1, 2], "o": {"a": [1]}}


def test_threads_share_a_compiled_template() -> None:
    source = "{% for x in xs %}{{ x.n }},{% endfor %}"
    compiled = CompiledTemplates([TemplateText("content", source)], {})
    wrong: list[str] = []

    def render(number: int) -> None:
        for _ in range(50):
            text = compiled.render({"xs": [{"n": number}] * 20})[0]
            if text != f"{number}," * 20:
                wrong.append(text)

    threads = [threading.Thread(target=render, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


WIDEST_ALLOWED = """
from promptpilot.domain.template import CompiledTemplates, parse_template
from promptpilot.domain.template_roles import Role, words_of
from promptpilot.domain.template_syntax import TemplateText, read_tags
import threading
sources = [
    "{{ 1" + "+1" * 140 + " }}", "{{ a" + "|upper" * 140 + " }}",
    "{{ " + "-" * 290 + "1 }}", "{{ " + "not " * 290 + "1 }}",
    "{% if a %}" + "{% elif a %}" * 200 + "{% endif %}",
    "{% set a = [[[[a]]]] %}" * 50 + "{{ a }}",
    "{% for a in [[[[a]]]] %}" * 16 + "{{ a }}" + "{% endfor %}" * 16,
    "{% set a = a" + "|items" * 8 + " %}" * 50 + "{{ a }}",
]
def run():
    for source in sources:
        text = TemplateText("content", source)
        parse_template(text)
        CompiledTemplates([text], {})
        try:
            CompiledTemplates([text], {}).render({{"a": "x"}})
        except Exception as error:
            print(type(error).__name__)
threading.stack_size(1 << 20)
thread = threading.Thread(target=run)
thread.start()
thread.join()
print("survived")
"""


def test_the_most_that_is_allowed_fits_the_smallest_usual_stack() -> None:
    """In a process of its own, for a stack that overflows ends the process."""
    done = subprocess.run(
        [sys.executable, "-c", WIDEST_ALLOWED],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["survived"]), done.stderr


pieces = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-%}",
            "{{-",
            "'",
            '"',
            "\\",
            "\n",
            " ",
            "é",
            "👩",
            "\x00",
        ),
        *(
            " a ",
            " b ",
            " c ",
            ".x",
            "[0]",
            "['k']",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "|",
            "~",
        ),
        *(
            " if ",
            " else ",
            " elif ",
            " endif ",
            " for ",
            " in ",
            " endfor ",
            " set ",
            " = ",
            " is ",
        ),
        *(
            " not ",
            " and ",
            " defined",
            " none",
            "upper",
            "join",
            "map",
            "default",
            "tojson",
            "range",
        ),
        *(
            "1",
            "2.5",
            "1e9",
            "+",
            "-",
            "/",
            "//",
            "%",
            "==",
            "<",
            "include",
            "raw",
            "endraw",
            "loop",
        ),
        *(
            "{{ a }}",
            "{{ b | upper }}",
            "{% if a %}",
            "{% endif %}",
            "{% for c in b %}",
            "{% endfor %}",
        ),
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@example_settings(deadline=None, database=None, max_examples=500)
@given(st.lists(pieces, max_size=14).map("".join), st.dictionaries(st.sampled_from("abc"), values))
def test_any_template_with_any_values_renders_or_fails_with_our_error(
    source: str, given_values: dict[str, Any]
) -> None:
    with contextlib.suppress(TemplateInvalid, RenderFailed, TooLarge):
        assert isinstance(rendered(source, **given_values), str)


@example_settings(deadline=None, database=None, max_examples=500)
@given(st.lists(pieces, max_size=14).map("".join))
def test_every_variable_that_the_engine_finds_was_seen_by_the_rules(source: str) -> None:
    """The rules read templates themselves: what they overlooked they could not refuse."""
    try:
        tags = list(read_tags(TemplateText("content", source)))
        found = Environment().undeclared_variables_in_str(source)
    except (TemplateInvalid, TemplateError):
        return
    roles = {Role.VARIABLE, Role.FUNCTION}
    seen = {word.token.text for tag in tags for word in words_of(tag) if word.role in roles}
    assert found <= seen


@example_settings(deadline=None, database=None, max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_a_template_or_refused_with_a_place_in_it(source: str) -> None:
    refused = None
    try:
        parsed(source)
    except TemplateInvalid as error:
        refused = error
    if refused is not None:
        lines = source.split("\n")
        assert 1 <= refused.line <= len(lines)
        assert 1 <= refused.column <= len(lines[refused.line - 1]) + 1
