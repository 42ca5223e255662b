"""What a template may be made of.

Templates have `if`, `for`, `include`, `raw`, `set` to a value, filters, tests and `range`. The rest
of the engine's language (macros, inheritance, imports, calls of methods) is not offered. The limits
are those under which no template can exhaust the memory or the stack: the engine counts its own
work (fuel), but parses chains of operators of any length by recursion, does not count the repeating
of lists, and follows values that hold one another many times over for ever.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile

from promptpilot.domain.template_roles import Role, Word, words_of
from promptpilot.domain.template_syntax import Tag, TemplateText

MAX_TAG_TOKENS = 300
MAX_TAG_VARIABLES = 32
MAX_ELIFS = 200
MAX_SETS = 50
MAX_FOR_DEPTH = 16
MAX_COPIES = 16
MAX_BINDING_DEPTH = 4
MAX_BINDING_FILTERS = 8
MAX_INDENT = 16

_STATEMENTS = "if elif else endif for endfor break continue set include"
_FILTERS = """
    abs bool capitalize count d default dictsort e escape filesizeformat first float groupby indent
    int items join last length lines list lower map max min pluralize pprint reject rejectattr
    replace reverse round safe select selectattr sort split string striptags sum title tojson trim
    truncate unique upper urlencode wordwrap
"""
_TESTS = """
    boolean defined divisibleby endingwith eq equalto even false float ge gt in integer iterable le
    lower lt mapping ne none number odd sameas sequence startingwith string true undefined upper
"""
STATEMENTS = frozenset(_STATEMENTS.split())
FILTERS = frozenset(_FILTERS.split())
TESTS = frozenset(_TESTS.split())
FUNCTIONS = frozenset({"range"})
LOOP_METHODS = frozenset({"cycle", "changed"})

_CAN_BE_CALLED = frozenset({Role.FILTER, Role.TEST})
_PUT_TOGETHER = frozenset({Role.LIST, Role.OBJECT, Role.TUPLE_COMMA})

Fault = tuple[int, str]
"""Where something is that a template may not have, in characters, and why."""


def check_tags(text: TemplateText, tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """The tags, when all may be in a template. Raises `TemplateInvalid` for one that may not."""
    passed = []
    for tag in tags:
        words = words_of(tag)
        for fault in _tag_faults(tag, words):
            raise text.invalid(*fault)
        passed.append((tag, words))
    for fault in (*_count_faults(passed), *_nesting_faults(passed)):
        raise text.invalid(*fault)
    return tuple(tag for tag, _ in passed)


def _tag_faults(tag: Tag, words: Sequence[Word]) -> Iterator[Fault]:
    if len(tag.tokens) > MAX_TAG_TOKENS:
        yield tag.at, f"a tag can have {MAX_TAG_TOKENS} words and signs"
    if tag.statement and tag.keyword not in STATEMENTS:
        yield tag.at, f"the statement {tag.keyword!r} is not offered"
    for rule in _RULES:
        yield from rule(words)
    if tag.keyword in _VALUES:
        yield from _binding_faults(tag, _VALUES[tag.keyword](words))


def _count_faults(tags: Sequence[tuple[Tag, Sequence[Word]]]) -> Iterator[Fault]:
    limits = {"elif": MAX_ELIFS, "set": MAX_SETS}
    for word, limit in limits.items():
        places = [tag.at for tag, _ in tags if tag.keyword == word]
        if len(places) > limit:
            yield places[limit], f"a template can have {limit} `{word}`"


def _nesting_faults(tags: Sequence[tuple[Tag, Sequence[Word]]]) -> Iterator[Fault]:
    """Loops in loops are bounded, and so is how often their values hold one another.

    What is included runs among the variables of what includes it, so there they are not multiplied.
    """
    including = any(tag.keyword == "include" for tag, _ in tags)
    copies = [1]
    for tag, words in tags:
        if tag.keyword == "endfor" and len(copies) > 1:
            copies.pop()
        if tag.keyword == "for":
            copies.append(copies[-1] * _put_together(_looped(words)))
            if len(copies) > MAX_FOR_DEPTH + 1:
                yield tag.at, f"`for` can be nested {MAX_FOR_DEPTH} deep"
            if copies[-1] > (1 if including else MAX_COPIES):
                yield tag.at, "`for` puts too many variables together; write the loop out"


def _multiplication(words: Sequence[Word]) -> Iterator[Fault]:
    for word in words:
        if word.token.text in {"*", "**"} and word.token.kind == "op":
            yield word.token.at, "multiplication is not offered"


def _names(words: Sequence[Word]) -> Iterator[Fault]:
    """Filters, tests and functions are known ones, and a tag uses a bounded number of variables."""
    known = {Role.FILTER: FILTERS, Role.TEST: TESTS, Role.FUNCTION: FUNCTIONS}
    variables = 0
    for word in words:
        if word.role in known and word.token.text not in known[word.role]:
            yield word.token.at, f"there is no {word.role.name.lower()} {word.token.text!r}"
        variables += word.role is Role.VARIABLE
        if variables > MAX_TAG_VARIABLES:
            yield word.token.at, f"a tag can use {MAX_TAG_VARIABLES} variables"


def _calls(words: Sequence[Word]) -> Iterator[Fault]:
    """Nothing of ours or of Python's can be called."""
    for place, word in enumerate(words):
        if word.role is Role.CALL and not _may_be_called(words[:place]):
            yield word.token.at, "only filters, tests, `range` and `loop.cycle` can be called"


def _may_be_called(words: Sequence[Word]) -> bool:
    called = words[-1]
    if called.role is Role.FUNCTION or called.role in _CAN_BE_CALLED:
        return True
    texts = [word.token.text for word in words[-3:]]
    return texts[:2] == ["loop", "."] and texts[-1] in LOOP_METHODS


def _arguments(words: Sequence[Word]) -> Iterator[Fault]:
    """A few arguments would repeat a value or ask for spaces without end before that is counted."""
    for place, word in enumerate(words):
        if word.role is Role.ARGUMENT_NAME and word.token.text == "default":
            yield word.token.at, "the argument `default` is not offered; use the filter `default`"
        if word.role is Role.FILTER and word.token.text in {"tojson", "map"}:
            arguments = _arguments_of(words, place)
            if word.token.text == "map":
                yield from _map_faults(word, arguments)
            if word.token.text == "tojson" or _is_text(arguments, "tojson"):
                yield from _indent_faults(arguments)


def _arguments_of(words: Sequence[Word], place: int) -> Sequence[Word]:
    """The words between the brackets that follow; empty where none do."""
    following = words[place + 1 :]
    if not following or following[0].role is not Role.CALL:
        return ()
    depth = following[0].depth
    return tuple(takewhile(lambda word: word.depth > depth, following[1:]))


def _map_faults(word: Word, arguments: Sequence[Word]) -> Iterator[Fault]:
    first = arguments[0] if arguments else None
    if first is None or (
        first.token.kind != "string" and (first.role, first.token.text) != _BY_ATTRIBUTE
    ):
        yield word.token.at, "`map` takes a filter's name in quotes, or `attribute=`"


_BY_ATTRIBUTE = (Role.ARGUMENT_NAME, "attribute")


def _is_text(arguments: Sequence[Word], text: str) -> bool:
    return any(word.token.kind == "string" and word.token.text[1:-1] == text for word in arguments)


def _indent_faults(arguments: Sequence[Word]) -> Iterator[Fault]:
    for word in arguments:
        is_number = word.token.kind == "number"
        if word.role is Role.VARIABLE or (is_number and _number(word) > MAX_INDENT):
            yield word.token.at, f"`tojson` indents by a number up to {MAX_INDENT}"


def _number(word: Word) -> int:
    text = word.token.text
    return int(text) if text.isdecimal() and len(text) <= 2 else MAX_INDENT + 1


def _recursion(words: Sequence[Word]) -> Iterator[Fault]:
    for word in words:
        if word.role is Role.VARIABLE and word.token.text == "recursive":
            yield word.token.at, "recursive loops are not offered"


_RULES: tuple[Callable[[Sequence[Word]], Iterator[Fault]], ...] = (
    _multiplication,
    _names,
    _calls,
    _arguments,
    _recursion,
)


def _looped(words: Sequence[Word]) -> Sequence[Word]:
    """What a `for` goes through: from its `in` to its `if`."""
    places = [place for place, word in enumerate(words) if _is_outer(word, "in")]
    rest = words[places[0] + 1 :] if places else ()
    return tuple(takewhile(lambda word: not _is_outer(word, "if"), rest))


def _is_outer(word: Word, keyword: str) -> bool:
    return word.depth == 0 and word.role is Role.KEYWORD and word.token.text == keyword


def _assigned(words: Sequence[Word]) -> Sequence[Word]:
    """What a `set` assigns: all after its `=`."""
    places = [place for place, word in enumerate(words) if word.token.text == "="]
    return words[places[0] + 1 :] if places else ()


_VALUES: dict[str, Callable[[Sequence[Word]], Sequence[Word]]] = {
    "for": _looped,
    "set": _assigned,
}


def _put_together(value: Sequence[Word]) -> int:
    """How many variables a value holds together, for each name it is given; at least 1."""
    grows = any(word.role in _PUT_TOGETHER or word.token.text == "+" for word in value)
    variables = sum(word.role is Role.VARIABLE for word in value)
    return max(variables, 1) if grows else 1


def _binding_faults(tag: Tag, value: Sequence[Word]) -> Iterator[Fault]:
    """A name that holds another twice could be doubled again and again, by `set` without an end."""
    if not value:
        yield tag.at, f"`{tag.keyword}` needs a value: `for x in ...`, `set x = ...`"
        return
    if tag.keyword == "set" and _put_together(value) > 1:
        yield tag.at, "`set` cannot put several variables together; join text with `~`"
    if max(word.depth for word in value) > MAX_BINDING_DEPTH:
        yield tag.at, f"brackets in `{tag.keyword}` can be nested {MAX_BINDING_DEPTH} deep"
    if sum(word.role is Role.FILTER for word in value) > MAX_BINDING_FILTERS:
        yield tag.at, f"`{tag.keyword}` can use {MAX_BINDING_FILTERS} filters"
