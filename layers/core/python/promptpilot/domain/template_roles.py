"""What each token of a tag stands for: a variable, a filter, the bracket of a list, ..."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from promptpilot.domain.template_syntax import Tag, Token


class Role(Enum):
    """What a token stands for, as far as the rules for templates need to know."""

    VARIABLE = auto()
    ATTRIBUTE = auto()
    FILTER = auto()
    TEST = auto()
    FUNCTION = auto()
    ARGUMENT_NAME = auto()
    KEYWORD = auto()
    CONSTANT = auto()
    CALL = auto()
    GROUP = auto()
    LIST = auto()
    OBJECT = auto()
    SUBSCRIPT = auto()
    TUPLE_COMMA = auto()
    OTHER = auto()


CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None"})
KEYWORDS = frozenset({"if", "else", "and", "or", "not", "in", "is"})

_NAMED = frozenset(
    {Role.VARIABLE, Role.ATTRIBUTE, Role.FILTER, Role.TEST, Role.FUNCTION, Role.CONSTANT}
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Word:
    """A token in its role; `depth` counts the brackets around it, `inside` is the innermost one."""

    token: Token
    role: Role
    depth: int
    inside: Role | None


def words_of(tag: Tag) -> tuple[Word, ...]:
    """The tag's tokens in their roles."""
    words: list[Word] = []
    brackets: list[Role] = []
    for place, token in enumerate(tag.tokens):
        if token.kind == "op" and token.text in _CLOSING and brackets:
            brackets.pop()
        following = tag.tokens[place + 1].text if place + 1 < len(tag.tokens) else ""
        inside = brackets[-1] if brackets else None
        role = _role(token, following, words, inside, statement=tag.statement)
        words.append(Word(token, role, len(brackets), inside))
        if token.kind == "op" and token.text in _OPENING:
            brackets.append(role)
    return tuple(words)


def _role(
    token: Token, following: str, words: Sequence[Word], inside: Role | None, *, statement: bool
) -> Role:
    if token.kind == "name":
        if statement and not words:
            return Role.KEYWORD
        return _name_role(token, following, words, inside)
    if token.kind == "op":
        return _op_role(token, words, inside)
    return Role.OTHER


def _name_role(token: Token, following: str, words: Sequence[Word], inside: Role | None) -> Role:
    before = words[-1].token.text if words and words[-1].token.kind == "op" else ""
    by_place = {".": Role.ATTRIBUTE, "|": Role.FILTER}
    if before in by_place:
        return by_place[before]
    if _after_is(token, words):
        return Role.TEST
    if token.text in KEYWORDS:
        return Role.KEYWORD
    if token.text in CONSTANTS:
        return Role.CONSTANT
    if following == "=" and inside is Role.CALL:
        return Role.ARGUMENT_NAME
    return Role.FUNCTION if following == "(" else Role.VARIABLE


def _after_is(token: Token, words: Sequence[Word]) -> bool:
    """Whether the name stands where a test does: after `is`, or after `is not`."""
    keywords = [word.token.text if word.role is Role.KEYWORD else "" for word in words[-2:]]
    if keywords[-1:] == ["is"]:
        return token.text != "not"
    return keywords == ["is", "not"]


def _op_role(token: Token, words: Sequence[Word], inside: Role | None) -> Role:
    if token.text == ",":
        return Role.TUPLE_COMMA if inside in {None, Role.GROUP} else Role.OTHER
    if token.text == "{":
        return Role.OBJECT
    after_value = bool(words) and _ends_value(words[-1])
    if token.text == "(":
        return Role.CALL if after_value else Role.GROUP
    if token.text == "[":
        return Role.SUBSCRIPT if after_value else Role.LIST
    return Role.OTHER


def _ends_value(word: Word) -> bool:
    if word.token.kind == "op":
        return word.token.text in _CLOSING
    return word.role in _NAMED or word.token.kind in {"string", "number"}
