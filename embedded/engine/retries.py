"""What a state does about an error: try again, or go on elsewhere."""

import math
import random
from dataclasses import dataclass

from embedded.engine.exits import Exit
from embedded.engine.failures import ALL, matches
from embedded.engine.fields import MAX_SECONDS, Fields

_LARGEST_EXPONENT = 50
"""Of e: beyond it, growth is past every limit and soon past what a float holds."""


@dataclass(frozen=True, slots=True)
class Retrier:
    """When and how often a state is tried again after these errors."""

    errors: frozenset[str]
    interval_seconds: float
    max_attempts: int
    backoff_rate: float
    max_delay_seconds: float
    jitter: bool

    def delay_seconds(self, retries: int) -> float:
        """How long to wait after `retries` retries by this retrier."""
        bounded = retries * math.log(self.backoff_rate) < _LARGEST_EXPONENT
        growth = self.backoff_rate**retries if bounded else MAX_SECONDS
        delay = min(self.interval_seconds * growth, self.max_delay_seconds)
        return random.uniform(0, delay) if self.jitter else delay  # noqa: S311 - spreads load


@dataclass(frozen=True, slots=True)
class Catcher:
    """Where an execution goes on after these errors."""

    errors: frozenset[str]
    exit: Exit


def read_retriers(fields: Fields) -> tuple[Retrier, ...]:
    """The retriers of a state, in the order they are asked."""
    retriers = fields.each("Retry")
    return tuple(_retrier(each, last=each is retriers[-1]) for each in retriers)


def read_catchers(fields: Fields) -> tuple[Catcher, ...]:
    """The catchers of a state, in the order they are asked."""
    catchers = fields.each("Catch")
    return tuple(_catcher(each, last=each is catchers[-1]) for each in catchers)


def _retrier(fields: Fields, *, last: bool) -> Retrier:
    fields.allow(
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Comment",
    )
    return Retrier(
        errors=_errors(fields, last=last),
        interval_seconds=fields.number("IntervalSeconds", 1, at_least=1),
        max_attempts=int(fields.number("MaxAttempts", 3, at_least=0)),
        backoff_rate=fields.number("BackoffRate", 2.0, at_least=1, whole=False),
        max_delay_seconds=fields.number("MaxDelaySeconds", MAX_SECONDS, at_least=1),
        jitter=fields.one_of("JitterStrategy", "NONE", ("FULL", "NONE")) == "FULL",
    )


def _catcher(fields: Fields, *, last: bool) -> Catcher:
    fields.allow("ErrorEquals", "Next", "Assign", "Output", "Comment")
    return Catcher(_errors(fields, last=last), Exit.read_to(fields))


def _errors(fields: Fields, *, last: bool) -> frozenset[str]:
    names = fields.value("ErrorEquals")
    if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
        fields.problem("ErrorEquals", "wrong_type", "ErrorEquals must be an array of error names.")
        return frozenset()
    if ALL in names and (len(names) > 1 or not last):
        message = f"{ALL} stands alone and in the last place."
        fields.problem("ErrorEquals", "wrong_value", message)
    return frozenset(names)


def find_retrier(retriers: tuple[Retrier, ...], error: str) -> int | None:
    """The position of the first retrier that takes `error`."""
    return next((at for at, each in enumerate(retriers) if matches(each.errors, error)), None)


def find_catcher(catchers: tuple[Catcher, ...], error: str) -> Catcher | None:
    """The first catcher that takes `error`."""
    return next((each for each in catchers if matches(each.errors, error)), None)
