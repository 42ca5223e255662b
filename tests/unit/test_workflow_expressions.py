"""Which names an expression takes from outside."""

import pytest

from promptpilot.compiler.expressions import FUNCTIONS, ExpressionInvalid, is_expression, parse


def names(source: str) -> list[str]:
    """The variables from outside, without functions."""
    references = (each.name for each in parse(source).references)
    return [name for name in references if name not in FUNCTIONS]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$a.b", ["a"]),
        ("$a.b[c = $d]", ["a", "d"]),
        ("$sum($a) + $count($b)", ["a", "b"]),
        ("{ 'x': $a, $b: 1 }", ["a", "b"]),
        ("[$a, [1..$b]]", ["a", "b"]),
        ("$a ? $b : $c", ["a", "b", "c"]),
        ("-$a", ["a"]),
        ("$a ~> $uppercase", ["a"]),
        ("$f(?, $a)", ["f", "a"]),
        ("$a.$b.c", ["a", "b"]),
        ("$a.{ 'n': name, 'v': $b }", ["a", "b"]),
        ("$a{ kind: $sum(price) * $b }", ["a", "b"]),
        ("$a^(>price, $b)", ["a", "b"]),
        ("$a ~> | items | { 'n': $b }, 'x' |", ["a", "b"]),
        ("/[a-z]$/", []),
        ("'$a'", []),
        ("/* $a */ 1", []),
    ],
)
def test_variables_are_found_wherever_they_stand(source: str, expected: list[str]) -> None:
    assert names(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("( $x := $a; $x )", ["a"]),
        ("( $x; $x := 1 )", ["x"]),
        ("( $x := $x; $x )", ["x"]),
        ("( ( $x := 1 ); $x )", ["x"]),
        ("( $x := 1; ( $x ) )", []),
        ("function($v, $i) { $v + $i + $w }", ["w"]),
        ("[$map($a, function($v) { $v }), $v]", ["a", "v"]),
        ("( $f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(5) )", []),
        ("( $f := function() { $g() }; $g := function() { 1 }; $f() )", []),
        ("( $f := function() { $y }; $f() )", ["y"]),
        ("$a@$x.b@$y[$x.id = $y.id].{ 'n': $x, 'm': $z }", ["a", "z"]),
        ("$a#$i[$i < 2]", ["a"]),
        ("$a#$i.b[$i]", ["a"]),
        ("[$a@$x.b, $x]", ["a", "x"]),
        ("$a.($x := b; $x) & $x", ["a", "x"]),
    ],
)
def test_what_an_expression_binds_itself_is_not_taken_from_outside(
    source: str, expected: list[str]
) -> None:
    assert names(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a", ["a"]),
        ("a.b.c", ["a"]),
        ("$", ["$"]),
        ("$$", ["$$"]),
        ("*", ["*"]),
        ("**.a", ["**"]),
        ("$sum(a)", ["a"]),
        ("uppercase('a')", ["uppercase"]),
        ("{ 'a': b }", ["b"]),
        ("$x.{ 'a': b, 'c': $$.d }", ["$$"]),
        ("$x.a[b = 1 and $.c]", []),
        ("$x.(a + b)", []),
        ("$x ~> | a | { 'b': c } |", []),
        ("$x^(a).b{ c: $ }", []),
        ("$x.a.%.b", []),
        ("'a'", []),
    ],
)
def test_names_without_anything_to_look_them_up_in_are_found(
    source: str, expected: list[str]
) -> None:
    assert [each.name for each in parse(source).strays] == expected


def test_a_reference_knows_its_place_and_what_is_taken_of_it() -> None:
    [reference] = parse("1 + $input.notes").references
    assert (reference.name, reference.position, reference.field) == ("input", 10, "notes")


def test_a_refusal_is_a_sentence_about_the_expression() -> None:
    with pytest.raises(ExpressionInvalid, match="does not parse at character 4: Unexpected end"):
        parse("$a +")


def test_a_line_break_within_a_text_is_refused_with_what_to_write() -> None:
    with pytest.raises(ExpressionInvalid, match=r"write it as \\n"):
        parse("$a & 'x\ny'")


@pytest.mark.parametrize("value", ["{%x%}", "{% x %}", "{%%}"])
def test_a_text_wholly_wrapped_is_an_expression(value: str) -> None:
    assert is_expression(value)


@pytest.mark.parametrize("value", ["{%}", " {% x %}", "{% x %} ", "x", "", 5, None, ["{% x %}"]])
def test_anything_else_is_a_literal(value: object) -> None:
    assert not is_expression(value)
