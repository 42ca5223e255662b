"""Where an execution stands: one frame for each thread of states that runs in it."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from embedded.engine.dispatcher import Dispatcher
from embedded.engine.evaluation import Evaluator, Field
from embedded.engine.failures import RUNTIME, StateFailed
from embedded.engine.jsonata_functions import Moment
from embedded.engine.payload import decode, encode_payload
from embedded.engine.snapshot import Snapshot, Variable
from embedded.engine.task_tokens import Acknowledge, Outcome, TaskTokens, nobody
from embedded.engine.templates import Constant
from embedded.engine.timestamps import iso_time
from embedded.engine.transition import Transition
from promptpilot.clock import epoch_ms

Scope = dict[str, Any]
"""What `$states` is in an expression."""

MAX_EVENTS = 25_000
"""Of an execution's history, as Step Functions counts it."""
EVENTS_PER_STATE = 2
"""Entered and exited."""
STATES_IN_A_ROW = 20
"""How many states a frame runs without waiting before it lets others run."""
CLOCK_SLICE_SECONDS = 60.0
_NO_RETRIES: Mapping[int, int] = {}
ABSENT: Any = object()


class State(Protocol):
    """One state of a machine."""

    async def run(self, frame: "Frame") -> Transition:
        """Do what the state does. Raises `StateFailed`."""
        ...


class Owner(Protocol):
    """What a frame needs of the execution that it belongs to."""

    name: str
    context: dict[str, Any]
    evaluator: Evaluator
    tokens: TaskTokens
    dispatcher: Dispatcher

    def count_events(self, events: int) -> int:
        """Add to the events of the whole execution; returns how many there are."""
        ...

    def count_variable_bytes(self, grown: int) -> None:
        """Add to the bytes of all variables. Raises `StateFailed` past the limit."""
        ...

    def save(self, frame: "Frame", acknowledges: Sequence[Acknowledge]) -> Awaitable[None]:
        """Journal where the frame stands; done when that is durable."""
        ...


class Frame:
    """A thread of states: the one that is running, its input, and the variables assigned.

    The frame at path "" is the execution itself; what branches off has a path below its parent's
    and sees the parent's variables. `moment_ms` is the time of the last thing that happened from
    outside (a result, the end of a wait): expressions see it as the present, so that they give the
    same when they are evaluated again after a crash.
    """

    def __init__(
        self,
        execution: Owner,
        states: Mapping[str, State],
        snapshot: Snapshot,
        *,
        input: Any,
        parent: "Frame | None" = None,
    ) -> None:
        self.execution = execution
        self.path = snapshot.path
        self.input = input
        self.moment_ms = snapshot.moment_ms
        self.wake_ms = snapshot.wake_ms
        self.settling = False
        """Whether it has an outcome that is not journaled yet."""
        self._parent = parent
        self._states = states
        self._state = snapshot.state
        self._input_text = snapshot.input
        self._entered_ms = snapshot.entered_ms
        self._entered_time = iso_time(snapshot.entered_ms)
        self._retries = snapshot.retries
        self._events = snapshot.events
        self._variables: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._unsaved: dict[str, str] = {}
        self._changed = False
        self._evaluations = 0
        self._known: tuple[Any, str] = (ABSENT, "")
        self._acknowledges: list[Acknowledge] = []

    async def run(self) -> Transition:
        """Run from the present state to an end; what it gives. Raises `StateFailed`."""
        row = 0
        while True:
            transition = await self._states[self._state].run(self)
            if transition.next is None:
                return transition
            self._enter(transition)
            row += 1
            if row % STATES_IN_A_ROW == 0:
                await asyncio.sleep(0)

    def _enter(self, transition: Transition) -> None:
        assert transition.next is not None
        self._state, self.input = transition.next, transition.output
        self._input_text = transition.text
        if self._entered_ms != self.moment_ms:
            self._entered_ms, self._entered_time = self.moment_ms, iso_time(self.moment_ms)
        self.wake_ms = None
        self._retries = _NO_RETRIES
        self._changed = True
        self.count_events(EVENTS_PER_STATE)

    def count_events(self, events: int) -> None:
        """Count towards the history's limit. Raises `StateFailed` with States.Runtime past it."""
        self._events += events
        self._evaluations = 0
        if self.execution.count_events(events) > MAX_EVENTS:
            cause = f"The execution would have more than {MAX_EVENTS} history events."
            raise StateFailed(RUNTIME, cause)

    def scope(self, *, token: str | None = None, **more: Any) -> Scope:
        """`$states` of the present state: its input, its context, and `more`."""
        context = dict(self.execution.context)
        context["State"] = {
            "EnteredTime": self._entered_time,
            "Name": self._state,
            "RetryCount": sum(self._retries.values()),
        }
        if token is not None:
            context["Task"] = {"Token": token}
        return {"input": self.input, "context": context, **more}

    async def evaluate(self, field: Field, scope: Scope) -> Any:
        """The value of a field of the present state. Raises `StateFailed`."""
        if isinstance(field.template, Constant):
            return field.template.value
        variables = {}
        for name in field.template.names:
            value = scope if name == "states" else self.lookup(name)
            if value is not ABSENT:
                variables[name] = value
        self._evaluations += 1
        seed = f"{self.execution.name}/{self.path}/{self._events}/{self._evaluations}"
        moment = Moment(self.moment_ms, seed)
        return await self.execution.evaluator.evaluate(field, variables, moment)

    def lookup(self, name: str) -> Any:
        """The variable as this frame sees it, `ABSENT` where there is none."""
        value = self._variables.get(name, ABSENT)
        if value is ABSENT and self._parent is not None:
            return self._parent.lookup(name)
        return value

    def assign(self, variables: Mapping[str, Any]) -> None:
        """Set variables, which the next state sees. Raises `StateFailed` over a size limit."""
        texts = {name: self.encode(value, f"variable {name}") for name, value in variables.items()}
        grown = sum(len(text) - self._sizes.get(name, 0) for name, text in texts.items())
        self.execution.count_variable_bytes(grown)
        self._variables.update(variables)
        self._sizes.update((name, len(text)) for name, text in texts.items())
        self._unsaved.update(texts)

    def restore(self, variable: Variable) -> None:
        """Set a variable as it is journaled."""
        self._variables[variable.name] = decode(variable.text)
        self._sizes[variable.name] = len(variable.text)

    def remember(self, value: Any, text: str) -> None:
        """Know the JSON text of a value that is likely to be assigned and output as it is."""
        self._known = (value, text)

    def encode(self, value: Any, what: str) -> str:
        """The value as JSON text. Raises `StateFailed` over the size limit."""
        known, text = self._known
        return text if known is value else encode_payload(value, f"{what} of {self._state}")

    def retries_of(self, retrier: int) -> int:
        """How often that retrier of the present state has been used."""
        return self._retries.get(retrier, 0)

    def retry(self, retrier: int, delay_seconds: float) -> None:
        """Use the retrier once more: the state is to run again after the delay."""
        self._retries = {**self._retries, retrier: self.retries_of(retrier) + 1}
        self.set_alarm(epoch_ms() + round(delay_seconds * 1000))

    def set_alarm(self, wake_ms: int) -> None:
        """The time to wait for; it is journaled with the next `save`."""
        self.wake_ms = wake_ms
        self._changed = True

    def alarm_is_over(self) -> bool:
        """Whether the time to wait for has come."""
        return self.wake_ms is None or self.wake_ms <= epoch_ms()

    async def sleep(self) -> None:
        """Wait for the alarm, if one is set, by the steady clock."""
        if self.wake_ms is not None:
            await asyncio.sleep(max(0, self.wake_ms - epoch_ms()) / 1000)
            self.moment_ms = max(self.moment_ms, self.wake_ms)

    async def sleep_until_clock_shows(self) -> None:
        """Wait for the alarm by the wall clock, which may be set, or run on while a laptop sleeps.

        Nothing tells when it jumps, so it is looked at now and then.
        """
        assert self.wake_ms is not None
        while (left := (self.wake_ms - epoch_ms()) / 1000) > 0:  # noqa: ASYNC110 - see above
            await asyncio.sleep(min(left, CLOCK_SLICE_SECONDS))

    async def save(self) -> None:
        """Journal where the frame stands, if that has changed; returns when it is durable.

        Called before the state acts on anything outside: dispatches a job, or waits.
        """
        if self._changed:
            self._changed = False
            await self.execution.save(self, self.take_acknowledges())
            self.settling = False

    def snapshot(self) -> Snapshot:
        """What is to be journaled of the frame."""
        return Snapshot(
            path=self.path,
            state=self._state,
            input=self._input_text,
            moment_ms=self.moment_ms,
            entered_ms=self._entered_ms,
            wake_ms=self.wake_ms,
            retries=self._retries,
            events=self._events,
        )

    def take_unsaved(self) -> dict[str, str]:
        """The variables assigned since the last time, as JSON texts."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    def acknowledge(self, outcome: Outcome) -> None:
        """Who settled the task is told when the frame is journaled next."""
        self.settling = True
        if outcome.acknowledge is not nobody:
            self._acknowledges.append(outcome.acknowledge)

    def take_acknowledges(self) -> list[Acknowledge]:
        """Who is to be told that what they settled is durable."""
        acknowledges, self._acknowledges = self._acknowledges, []
        return acknowledges
