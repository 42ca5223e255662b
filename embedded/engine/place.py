"""Where a thread of states stands in its machine."""

from collections.abc import Mapping

from embedded.engine.alarms import sleep_until
from embedded.engine.snapshot import ENDED, Snapshot
from embedded.engine.timestamps import iso_time
from embedded.engine.transition import Transition
from promptpilot.clock import epoch_ms

_NO_RETRIES: Mapping[int, int] = {}


class Place:
    """The present state: since when, how often it was tried again, and the time it waits for.

    `moment_ms` is the time of the last thing that happened from outside (a result, the end of a
    wait): expressions see it as the present, so that they give the same when they are evaluated
    again after a crash.
    """

    def __init__(self, snapshot: Snapshot, *, restored: bool) -> None:
        """`restored` says that this is how it is journaled."""
        self.path = snapshot.path
        self.moment_ms = snapshot.moment_ms
        self.entered_ms = snapshot.entered_ms
        self.wake_ms = snapshot.wake_ms
        self.events = snapshot.events
        """Of the history, those that are this thread's."""
        self.restored = restored
        """Whether it is, as yet, as it was when the engine stopped."""
        self.changed = not restored
        self._state = snapshot.state
        self._input_text = snapshot.input
        self._entered_time = iso_time(snapshot.entered_ms)
        self._retries = snapshot.retries

    def enter(self, state: str, transition: Transition) -> None:
        """Stand in that state, with the output of the one before as its input."""
        self._state, self._input_text = state, transition.text
        if self.entered_ms != self.moment_ms:
            self.entered_ms, self._entered_time = self.moment_ms, iso_time(self.moment_ms)
        self.wake_ms = None
        self._retries = _NO_RETRIES
        self.changed = True
        self.restored = False

    def end(self, last: Transition) -> None:
        """It has ended, as a branch or an iteration."""
        self._state, self._input_text = ENDED, last.text
        self.changed = True

    def described(self) -> dict[str, object]:
        """The present state as `$states.context.State` tells it."""
        return {
            "EnteredTime": self._entered_time,
            "Name": self._state,
            "RetryCount": sum(self._retries.values()),
        }

    def retries_of(self, retrier: int) -> int:
        """How often that retrier of the present state has been used."""
        return self._retries.get(retrier, 0)

    def retry(self, retrier: int, delay_seconds: float) -> None:
        """Use the retrier once more: the state is to run again after the delay."""
        self.restored = False
        self._retries = {**self._retries, retrier: self.retries_of(retrier) + 1}
        self.set_alarm(epoch_ms() + round(delay_seconds * 1000))

    def set_alarm(self, wake_ms: int) -> None:
        """The time to wait for; it is journaled with the next `save`."""
        self.wake_ms = wake_ms
        self.changed = True

    def alarm_is_over(self) -> bool:
        """Whether the time to wait for has come."""
        return self.wake_ms is None or self.wake_ms <= epoch_ms()

    async def sleep(self) -> None:
        """Wait for the alarm, if one is set, by the steady clock."""
        if self.wake_ms is not None:
            await sleep_until(self.wake_ms)
            self.moment_ms = max(self.moment_ms, self.wake_ms)

    def snapshot(self) -> Snapshot:
        """What is to be journaled of it."""
        return Snapshot(
            path=self.path,
            state=self._state,
            input=self._input_text,
            moment_ms=self.moment_ms,
            entered_ms=self.entered_ms,
            wake_ms=self.wake_ms,
            retries=self._retries,
            events=self.events,
        )
