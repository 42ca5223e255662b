"""The functions that Step Functions adds to JSONata, or gives another meaning."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata

MAX_RANGE_ITEMS = 1000

_DIGESTS: Mapping[str, Callable[[bytes], Any]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
    "SHA-1": lambda data: hashlib.sha1(data, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


class Moment:
    """When and under which seed an expression is evaluated.

    The engine journals both, so that `$now`, `$millis`, `$random` and `$uuid` answer the same when
    an evaluation is repeated after a crash.
    """

    __slots__ = ("_random", "epoch_ms", "seed")

    def __init__(self, epoch_ms: int, seed: str) -> None:
        self.epoch_ms = epoch_ms
        self.seed = seed
        self._random: Random | None = None

    def now(self, picture: str | None = None, timezone: str | None = None) -> Any:
        """`$now`: the moment as text."""
        return Functions.datetime_from_millis(self.epoch_ms, picture, timezone)

    def millis(self) -> int:
        """`$millis`: the moment in milliseconds since 1970."""
        return self.epoch_ms

    def random(self, seed: float | None = None) -> float:
        """`$random`: from 0 up to 1; the same for the same seed."""
        if seed is not None:
            return Random(seed).random()  # noqa: S311 - no secret, and repeatable on purpose
        return self._source().random()

    def uuid(self) -> str:
        """`$uuid`: a version 4 UUID."""
        return str(uuid.UUID(int=self._source().getrandbits(128), version=4))

    def _source(self) -> Random:
        if self._random is None:
            self._random = Random(self.seed)  # noqa: S311 - as above
        return self._random


MOMENT_FUNCTIONS: Mapping[str, Callable[[Moment], Callable[..., Any]]] = {
    "now": lambda moment: moment.now,
    "millis": lambda moment: moment.millis,
    "random": lambda moment: moment.random,
    "uuid": lambda moment: moment.uuid,
}
"""By name, what makes the function out of the moment."""


def partition(values: Any, size: float) -> list[list[Any]] | None:
    """`$partition`: `values` in chunks of `size`."""
    if values is None:
        return None
    items = values if isinstance(values, list) else [values]
    step = _whole(size)
    if step < 1:
        raise ValueError("$partition needs a chunk size of at least 1")
    return [list(items[start : start + step]) for start in range(0, len(items), step)]


def number_range(first: float, last: float, step: float = 1) -> list[int]:
    """`$range`: from `first` to `last`, both included."""
    stride = _whole(step)
    if stride == 0:
        raise ValueError("$range needs a step other than 0")
    numbers = range(_whole(first), _whole(last) + (1 if stride > 0 else -1), stride)
    if len(numbers) > MAX_RANGE_ITEMS:
        raise ValueError(f"$range gives at most {MAX_RANGE_ITEMS} numbers")
    return list(numbers)


def digest(data: str | None, algorithm: str = "SHA-256") -> str | None:
    """`$hash`: of a text's UTF-8 bytes, in hex."""
    if data is None:
        return None
    if algorithm not in _DIGESTS:
        raise ValueError(f"$hash knows {', '.join(_DIGESTS)}")
    text: str = _DIGESTS[algorithm](data.encode()).hexdigest()
    return text


def parse(text: str | None) -> Any:
    """`$parse`: the value that a JSON text stands for."""
    return None if text is None else json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _whole(number: float) -> int:
    if isinstance(number, bool) or int(number) != number:
        raise ValueError(f"{number} is not a whole number")
    return int(number)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "partition": partition,
    "range": number_range,
    "hash": digest,
    "parse": parse,
}


def base_frame() -> Any:
    """JSONata's own functions with ours over them, and without `$eval`, as in Step Functions."""
    frame = Jsonata.Frame(Jsonata.static_frame)
    frame.bindings["eval"] = None
    for name, function in _FUNCTIONS.items():
        frame.bindings[name] = Jsonata.JLambda(function)
    return frame
