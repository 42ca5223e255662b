"""Not asking a model that keeps failing, for a while: its circuit breaker.

What this process has met counts; each process finds out by itself. A failure is one of the model's
or the way to it. What a workspace brings about by its key, its request or a short time limit does
not count, so that none of them can take a model from the others.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from promptpilot.step_errors import ModelError, ModelOverloaded, ModelTimeout, ModelUnavailable

FAILURES = 5
"""So many in a row open the circuit."""
OPEN_SECONDS = 10.0
LONGEST_SECONDS = 60.0
"""A circuit that opens again stays open twice as long, up to here."""
LONG_TIMEOUT_SECONDS = 20.0
"""A model that did not answer within less is not to blame for it."""
MOST_MODELS = 1_000


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    open_until: float = 0.0
    open_for: float = OPEN_SECONDS
    trying: bool = False
    """Whether one call tries if the model works again."""


class Breakers:
    """The circuits of all models that this process asks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    def guard(self, model: str, timeout: float) -> "_Guard":
        """Around one call of `model` that may take `timeout` seconds. Raises `ModelUnavailable` in
        place of a call while the circuit is open.
        """
        return _Guard(self, model, timeout)

    def circuit(self, model: str) -> _Circuit | None:
        """That of a model which has failed since it last worked."""
        return self._circuits.get(model)

    def enter(self, circuit: _Circuit) -> bool:
        """Whether the call that begins is the one that tries."""
        if circuit.failures < FAILURES:
            return False
        left = circuit.open_until - self._clock()
        if left > 0 or circuit.trying:
            seconds = max(1, round(left))
            raise ModelUnavailable(
                reason=f"The model has kept failing; it is asked again in {seconds} s."
            )
        circuit.trying = True
        return True

    def failed(self, model: str) -> None:
        """Count a failure."""
        if model not in self._circuits and len(self._circuits) >= MOST_MODELS:
            self._circuits.pop(next(iter(self._circuits)))
        circuit = self._circuits.setdefault(model, _Circuit())
        circuit.failures += 1
        if circuit.failures < FAILURES:
            return
        if circuit.failures > FAILURES and circuit.trying:
            circuit.open_for = min(circuit.open_for * 2, LONGEST_SECONDS)
        circuit.open_until = self._clock() + circuit.open_for

    def worked(self, model: str) -> None:
        """Forget the failures."""
        self._circuits.pop(model, None)


class _Guard:
    """See `Breakers.guard`. Only a model that has failed since it last worked has a circuit."""

    __slots__ = ("_breakers", "_circuit", "_model", "_timeout", "_trial")

    def __init__(self, breakers: Breakers, model: str, timeout: float) -> None:
        self._breakers = breakers
        self._model = model
        self._timeout = timeout

    def __enter__(self) -> None:
        self._circuit = self._breakers.circuit(self._model)
        self._trial = self._circuit is not None and self._breakers.enter(self._circuit)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        circuit = self._circuit
        if isinstance(error, ModelError) and _blames(error, self._timeout):
            self._breakers.failed(self._model)
        elif error is None and circuit is not None:
            self._breakers.worked(self._model)
        if self._trial and circuit is not None:
            circuit.trying = False


def _blames(error: ModelError, timeout: float) -> bool:
    if isinstance(error, ModelTimeout):
        return timeout >= LONG_TIMEOUT_SECONDS
    return isinstance(error, ModelUnavailable | ModelOverloaded)
