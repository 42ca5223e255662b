"""YAML as plain JSON values.

The core schema of YAML 1.2: `on` and `yes` are text, and so is what looks like a date. Built from
the parser's events, so that nothing is made but JSON: no tags, no merge keys, no key twice. An
alias stands for the same value again; how much a document comes to is counted by `raw_values`.
"""

import re
from collections.abc import Iterator
from typing import Any, Protocol

import yaml

MAX_DEPTH = 100

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


class Mark(Protocol):
    """A place in a text, counted from 0."""

    line: int
    column: int


class YamlInvalid(ValueError):
    """A text that is no YAML, or says more than JSON can; the message has the place."""

    def __init__(self, reason: str, mark: Mark | None) -> None:
        place = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        super().__init__(f"{place}{reason}.")


def read_yaml(text: str) -> Any:
    """The one document in a text. Raises `YamlInvalid`."""
    try:
        events = yaml.parse(text, Loader=_LOADER)
        return _Builder(events).document()
    except yaml.MarkedYAMLError as error:
        reason = str(error.problem or "this is no YAML")
        raise YamlInvalid(reason, error.problem_mark or error.context_mark) from error
    except yaml.YAMLError as error:
        raise YamlInvalid("The text has characters that YAML does not allow", None) from error


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML has it: several times faster."""


class _Builder:
    """Builds values from events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Any] = {}

    def document(self) -> Any:
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlInvalid("There is more than one document", event.start_mark)
                value = self._value(next(self._events), 0)
        if not documents:
            raise YamlInvalid("There is no document", None)
        return value

    def _value(self, event: yaml.Event, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise YamlInvalid(f"It lies more than {MAX_DEPTH} levels deep", event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise YamlInvalid(f"There is no anchor {event.anchor}", event.start_mark)
            return self._anchors[event.anchor]
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag not in (_TEXT_TAGS if isinstance(event, yaml.ScalarEvent) else (None, "!")):
            raise YamlInvalid(f"The tag {event.tag:.80} is not supported", event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        else:
            is_list = isinstance(event, yaml.SequenceStartEvent)
            value = self._items(depth) if is_list else self._members(depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _items(self, depth: int) -> list[Any]:
        items = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, depth + 1))
        return items

    def _members(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            name = self._value(event, depth + 1)
            if not isinstance(name, str):
                raise YamlInvalid("A key must be text; put it in quotes", event.start_mark)
            if name in members:
                raise YamlInvalid(f"The key {name[:80]} stands twice", event.start_mark)
            members[name] = self._value(next(self._events), depth + 1)
        return members


def _scalar(event: yaml.ScalarEvent) -> Any:
    """Null, a truth value or a number where it has no quotes and no tag, else text."""
    text: str = event.value
    if event.tag is not None or not event.implicit[0]:
        return text
    return _plain(text)


def is_plain_text(text: str) -> bool:
    """Whether it is text where it has no quotes."""
    return isinstance(_plain(text), str)


def _plain(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
