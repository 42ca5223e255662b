"""Templates: checking one when it is saved, and rendering it with values.

The engine is minijinja, with nothing of ours to call, no escaping, JSON as its only input and a
bound on its work. An undefined value can be tested with `if` or `is defined`, but not printed,
looped over or passed on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minijinja import Environment, TemplateError

from promptpilot.domain.semver import is_semver
from promptpilot.domain.template_roles import Role, words_of
from promptpilot.domain.template_rules import FUNCTIONS, check_tags
from promptpilot.domain.template_syntax import Tag, TemplateText, place_of, read_tags
from promptpilot.domain.template_values import seen
from promptpilot.errors import RenderFailed, TemplateInvalid, TooLarge

FUEL = 200_000
"""How much work one text may be: about one for an instruction, and one for 64 bytes of text."""

MAX_RENDERED_CHARACTERS = 1_000_000
"""The longest that one rendered text can be."""

_CONDITIONS = frozenset({"if", "elif"})
_REMOVED_FILTERS = ("attr", "batch", "chain", "format", "slice", "zip")
_REMOVED_GLOBALS = ("cycler", "debug", "dict", "joiner", "namespace")
_INCLUDE = re.compile(r"(prompt_[0-9A-HJKMNP-TV-Z]{26})@(.+)")

_PATH_BEFORE = re.compile(r"[\w.\[\]]*$")
_CAUSED_BY = re.compile(r"^caused by: (.*) \(in (.+):(\d+)\)$", re.MULTILINE)
"""How the engine tells what went wrong in an included template, and where; the last began it."""


def _environment() -> Environment:
    environment: Environment = Environment(  # type: ignore[call-overload]  # its stubs lag behind
        undefined_behavior="semi_strict",
        fuel=FUEL,
        keep_trailing_newline=True,
        debug=False,
        pycompat=False,
    )
    for name in _REMOVED_FILTERS:
        environment.remove_filter(name)
    for name in _REMOVED_GLOBALS:
        environment.remove_global(name)
    return environment


_checking = _environment()


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: the names it needs, those of them that it does more with than to test
    them with `if`, and the prompts it includes, each as "id@version".
    """

    text: TemplateText
    variables: frozenset[str]
    printed: frozenset[str]
    includes: tuple[str, ...]


def parse_template(text: TemplateText) -> Template:
    """Check a template. Raises `TemplateInvalid` for the first thing wrong with it."""
    tags = check_tags(text, read_tags(text))
    if not tags:
        return Template(text, frozenset(), frozenset(), ())
    includes = dict.fromkeys(_included(text, tag) for tag in tags if tag.keyword == "include")
    try:
        names = _checking.undeclared_variables_in_str(text.source)
    except TemplateError as error:
        raise _invalid(text, error) from error
    variables = frozenset(names) - FUNCTIONS
    return Template(text, variables, variables & _printed(tags), tuple(includes))


def _printed(tags: Iterable[Tag]) -> frozenset[str]:
    """The names that stand anywhere but in a condition: what is assigned may be printed later."""
    return frozenset(
        word.token.text
        for tag in tags
        if tag.keyword not in _CONDITIONS
        for word in words_of(tag)
        if word.role is Role.VARIABLE
    )


def _included(text: TemplateText, tag: Tag) -> str:
    """The "id@version" that an include names."""
    names = [token.text[1:-1] for token in tag.tokens[1:] if token.kind == "string"]
    match = _INCLUDE.fullmatch(names[0]) if len(names) == 1 == len(tag.tokens) - 1 else None
    if match is None:
        reason = (
            'an include names one prompt by id and exact version: {% include "prompt_...@1.2.0" %}'
        )
        raise text.invalid(tag.at, reason)
    if not is_semver(match[2]):
        reason = f"an include needs an exact version such as 1.2.0, and {match[2][:64]!r} is none"
        raise text.invalid(tag.at, reason)
    return names[0]


def _invalid(text: TemplateText, error: TemplateError) -> TemplateInvalid:
    reason = error.detail or _words(error.kind)
    if error.range is None:
        return TemplateInvalid(reason=reason, line=error.line or 1, column=1, template=text.name)
    return text.invalid(_character_at(text.source, error.range[0]), reason)


def _character_at(source: str, byte: int) -> int:
    """The engine counts bytes of UTF-8, people count characters."""
    return byte if source.isascii() else len(source.encode()[:byte].decode(errors="ignore"))


class CompiledTemplates:
    """The texts of one prompt version, ready to render. Threads may share it."""

    def __init__(self, texts: Sequence[TemplateText], includes: Mapping[str, str]) -> None:
        """`includes` has the source of each included prompt, nested ones too, by "id@version"."""
        self._names = tuple(text.name for text in texts)
        self._sources = {**includes, **{text.name: text.source for text in texts}}
        self._environment = _environment()
        for name, source in self._sources.items():
            self._environment.add_template(name, source)

    def render(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The texts with these values. Raises `RenderFailed`, `TooLarge`."""
        context = {name: seen(value) for name, value in values.items()}
        return tuple(self._render(name, context) for name in self._names)

    def _render(self, name: str, context: Mapping[str, Any]) -> str:
        try:
            text = self._environment.render_template(name, **context)
        except TemplateError as error:
            raise self._failed(name, error) from error
        if len(text) > MAX_RENDERED_CHARACTERS:
            raise TooLarge(what="A rendered prompt", limit=MAX_RENDERED_CHARACTERS, size=len(text))
        return text

    def _failed(self, name: str, error: TemplateError) -> RenderFailed:
        inner = _CAUSED_BY.findall(str(error)) if error.kind == "BadInclude" else None
        if inner:
            reason, template, line = inner[-1]
            return RenderFailed(reason=reason, line=int(line), template=template)
        source = self._sources.get(error.name or name, "")
        line, place = error.line or 1, slice(0, 0)
        if error.range is not None:
            place = slice(*(_character_at(source, byte) for byte in error.range))
            line, _ = place_of(source, place.start)
        path = _PATH_BEFORE.search(source, max(0, place.start - 100), place.start)
        fragment = (path[0] if path and source[place][:1] in {".", "["} else "") + source[place]
        reason = _reason(error, fragment)
        return RenderFailed(reason=reason, line=line, template=error.name or name)


def _reason(error: TemplateError, fragment: str) -> str:
    if error.kind == "OutOfFuel":
        return "it is too much work to render"
    if error.kind == "UndefinedError":
        return error.detail or f"`{fragment[:200]}` is undefined"
    return error.detail or _words(error.kind)


def _words(kind: str) -> str:
    """The engine's kind of error in words: "TooManyArguments" as "too many arguments"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()
