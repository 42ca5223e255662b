"""Reading a template into its tags and their tokens, as the template engine itself would.

The engine gives no access to what it has parsed, and two things need it: finding includes, and
refusing what could exhaust the process before the engine sees it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from promptpilot.errors import TemplateInvalid

TokenKind = Literal["name", "number", "string", "op"]


class Token(NamedTuple):
    """A token and where it starts, in characters from the start of the template."""

    kind: TokenKind
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Tag:
    """`{{ ... }}` or, with `statement`, `{% ... %}`."""

    statement: bool
    at: int
    tokens: tuple[Token, ...]

    @property
    def keyword(self) -> str:
        """The statement's word; empty for a print or where no word stands."""
        first = self.tokens[0] if self.statement and self.tokens else None
        return first.text if first is not None and first.kind == "name" else ""


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template's text and the name that errors call it."""

    name: str
    source: str

    def invalid(self, at: int, reason: str) -> TemplateInvalid:
        """The error for what stands at that character."""
        line, column = place_of(self.source, at)
        return TemplateInvalid(reason=reason, line=line, column=column, template=self.name)


def place_of(source: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1 and in characters, of the character `at`."""
    before = source[:at]
    line = before.count("\n") + 1
    return line, at - (before.rfind("\n") + 1) + 1


_SPACE = r"[ \t\n\r\f]*"
_START = re.compile(r"\{([{%#])[-+]?")
_RAW = re.compile(rf"{_SPACE}raw{_SPACE}[-+]?%\}}")
_ENDRAW = re.compile(rf"\{{%[-+]?{_SPACE}endraw{_SPACE}[-+]?%\}}")
_TOKEN = re.compile(
    rf"""{_SPACE}(?:
        (?P<end> [-+]? [%}}]\}} )
      | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
      | (?P<number> 0[xX][0-9a-fA-F_]+ | 0[bBoO][0-9_]+
          | [0-9][0-9_]* (?:\.[0-9][0-9_]*)? (?:[eE][-+]?[0-9]+)? )
      | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
      | (?P<op> // | \*\* | == | != | >= | <= | [-+*/%.,:~|=><()\[\]{{}}] )
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def read_tags(text: TemplateText) -> Iterator[Tag]:
    """The tags in order. Raises `TemplateInvalid` where one does not end or cannot be read."""
    at = 0
    while (start := _START.search(text.source, at)) is not None:
        kind = start[1]
        if kind == "#":
            at = _after_comment(text, start)
        elif kind == "%" and (raw := _RAW.match(text.source, start.end())) is not None:
            at = _after_raw(text, raw)
        else:
            tag, at = _read_tag(text, start)
            yield tag


def _after_comment(text: TemplateText, start: re.Match[str]) -> int:
    end = text.source.find("#}", start.end())
    if end < 0:
        raise text.invalid(start.start(), "this comment does not end")
    return end + 2


def _after_raw(text: TemplateText, raw: re.Match[str]) -> int:
    end = _ENDRAW.search(text.source, raw.end())
    if end is None:
        raise text.invalid(raw.start(), "this raw block does not end")
    return end.end()


def _read_tag(text: TemplateText, start: re.Match[str]) -> tuple[Tag, int]:
    """One tag and where it ends. Its end counts only outside of brackets, as in the engine."""
    statement = start[1] == "%"
    closing = "%}" if statement else "}}"
    tokens: list[Token] = []
    depth, at = 0, start.end()
    while True:
        match = _TOKEN.match(text.source, at)
        if match is None:
            raise _unreadable(text, start.start(), at)
        kind, token_at = match.lastgroup, match.start(match.lastgroup or 0)
        if kind == "end":
            if depth == 0 and match["end"].endswith(closing):
                return Tag(statement, start.start(), tuple(tokens)), match.end()
            token = Token("op", match["end"][0], token_at)
        else:
            token = Token(kind, match[kind or 0], token_at)  # type: ignore[arg-type]
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        tokens.append(token)
        at = token_at + len(token.text)


def _unreadable(text: TemplateText, start: int, at: int) -> TemplateInvalid:
    while at < len(text.source) and text.source[at] in " \t\n\r\f":
        at += 1
    if at == len(text.source):
        return text.invalid(start, "this tag does not end")
    if text.source[at] in "'\"":
        return text.invalid(at, "this string does not end")
    return text.invalid(at, f"unexpected character {text.source[at]!r}")
