"""Where an execution stands: one frame for each thread of states that runs in it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from embedded.engine.children import Children
from embedded.engine.evaluation import Field
from embedded.engine.failures import StateFailed
from embedded.engine.items import Context, Item, with_item
from embedded.engine.jsonata_functions import Moment
from embedded.engine.news import News
from embedded.engine.notes import Note
from embedded.engine.owner import Owner
from embedded.engine.payload import encode_payload
from embedded.engine.place import Place
from embedded.engine.records import drop_frames, save_frame
from embedded.engine.snapshot import Snapshot, Variable
from embedded.engine.states import States
from embedded.engine.templates import Constant
from embedded.engine.transition import Transition
from embedded.engine.turn import Turn
from embedded.engine.variables import ABSENT, Variables
from promptpilot.clock import epoch_ms
from promptpilot.ports.orchestrator import Happening

Scope = dict[str, Any]
"""What `$states` is in an expression."""

EVENTS_PER_STATE = 2
"""Of an execution's history, as Step Functions counts it: entered and exited."""
STATES_IN_A_ROW = 20
"""How many states a frame runs without waiting before it lets others run."""
_TIMELESS = Moment(0, "")
"""For what does not ask for the time or for chance."""


class State(Protocol):
    """One state of a machine."""

    async def run(self, frame: "Frame") -> Transition:
        """Do what the state does. Raises `StateFailed`."""
        ...


class Frame(Place):
    """A thread of states: the one that is running, its input, and the variables assigned.

    The frame at path "" is the execution itself; what branches off has a path below its parent's
    and sees the parent's variables.
    """

    def __init__(
        self,
        execution: Owner,
        states: States[State],
        snapshot: Snapshot,
        *,
        input: Any,
        parent: "Frame | None" = None,
        item: Item | None = None,
        restored: bool = True,
    ) -> None:
        """`restored` says that this is how the frame is journaled."""
        super().__init__(snapshot, restored=restored)
        self.execution = execution
        self.input = input
        self.journaled = restored
        self.variables: Variables = Variables(parent.variables if parent else None)
        self.context: Context = parent.context if parent else execution.context
        self.iteration: tuple[int, ...] = parent.iteration if parent else ()
        """The positions in the Maps around it, outermost first."""
        if item is not None:
            self.context = with_item(self.context, item)
            self.iteration = (*self.iteration, item.position)
        self.news = News()
        self.children: Children[Frame] | None = None
        """The branches or iterations of the present state."""
        self._parent = parent
        self._states = states.by_name
        self.repeatable = True
        """Whether the way from where it is journaled to here can be gone again: it leads over
        results of jobs alone, and asks neither for the time nor for chance.
        """
        self.gone = False
        """Whether it is part of the execution no more."""
        self._evaluations = 0
        self._known: tuple[Any, str] = (ABSENT, "")
        self._dropped: list[str] = []

    async def run(self) -> Transition:
        """Run from the present state to an end; what it gives. Raises `StateFailed`."""
        row = 0
        while True:
            try:
                transition = await self._states[self._state].run(self)
            except StateFailed as failure:
                self.note("state_failed", failure.error)
                raise
            self._leave()
            if transition.next is None:
                return transition
            self.enter(transition.next, transition)
            row += 1
            if row % STATES_IN_A_ROW == 0:
                await asyncio.sleep(0)

    def _leave(self) -> None:
        self.drop_children()
        self.note("state_exited")
        self.count_events(EVENTS_PER_STATE)

    def enter(self, state: str, transition: Transition) -> None:
        """Go on with that state."""
        super().enter(state, transition)
        self.input = transition.output
        self.note("state_entered")

    def note(self, type: Happening, error: str | None = None) -> None:
        """Note for the history what the present state does."""
        at_ms = self._time_of(type)
        self.news.notes.append(Note(type, at_ms, self._state, self.iteration, error))

    def _time_of(self, type: Happening) -> int:
        """A state is left when the last thing happened, as the next one is entered then: a moment
        that is asked for later would be after it.
        """
        if type == "state_entered":
            return self.entered_ms
        return self.moment_ms if type == "state_exited" else epoch_ms()

    def count_events(self, events: int) -> None:
        """Count towards the history's limit. Raises `StateFailed` with States.Runtime past it."""
        self.events += events
        self._evaluations = 0
        self.execution.count_events(events)

    def fan_out(self) -> "Children[Frame]":
        """Where the branches or iterations of the present state are kept from now on."""
        self.children = Children[Frame](self.path, self._state)
        self.execution.count_events(self.children.events)
        return self.children

    def gather(self) -> None:
        """Take over what those that branch off have to tell and nobody has journaled."""
        for child in self.children.running.values() if self.children else ():
            child.gather()
            self.news.take_over(child.news)

    def may_wait(self) -> bool:
        """Whether it may be journaled later than it acts: what it does until then it would do
        again after a crash, and get the same results.
        """
        return (
            self.execution.repeats_alike
            and not self.news.acknowledges
            and (self.repeatable or not self.changed)
            and (self._parent is None or self._parent.may_wait())
        )

    def drop_children(self) -> None:
        """The present state needs its branches or iterations no more."""
        children = self.children
        if children is None:
            return
        for child in children.take_ended():
            self.news.take_over(child.news)
        self.gather()
        for child in children.running.values():
            child.leave()
            self.events += child.events
        self.events += children.events
        if children.journaled:
            self._dropped.append(children.prefix)
        self.children = None
        self.changed = True

    def end_child(self, child: "Frame", last: Transition) -> None:
        """A branch or an iteration has ended so."""
        assert self.children is not None
        child.end(last)
        self.children.end(child)
        if child.journaled or child.news.settling:
            if self.may_wait() and child.may_wait():
                self.execution.stage_late(self)
            else:
                self.execution.stage(self)
        else:
            self.repeatable = self.repeatable and child.repeatable

    def end(self, last: Transition) -> None:
        """It has ended, as a branch or an iteration."""
        super().end(last)
        self.leave()

    def leave(self) -> None:
        """It is part of the execution no more, nor is what branches off it; its variables go."""
        self.gone = True
        self.execution.count_variable_bytes(-self.variables.size())
        self.variables = Variables()
        for child in self.children.running.values() if self.children else ():
            child.leave()

    def tree(self) -> "Iterator[Frame]":
        """This frame and all that branch off it and run."""
        yield self
        for child in self.children.running.values() if self.children else ():
            yield from child.tree()

    def scope(self, *, token: str | None = None, **more: Any) -> Scope:
        """`$states` of the present state: its input, its context, and `more`."""
        context = dict(self.context)
        context["State"] = self.described()
        if token is not None:
            context["Task"] = {"Token": token}
        return {"input": self.input, "context": context, **more}

    async def evaluate(self, field: Field, scope: Scope, moment: Moment | None = None) -> Any:
        """The value of a field of the present state. Raises `StateFailed`.

        Without a `moment`, the same evaluation after a restart is one at the same moment.
        """
        if isinstance(field.template, Constant):
            return field.template.value
        variables = {}
        for name in field.template.names:
            value = scope if name == "states" else self.variables.lookup(name)
            if value is not ABSENT:
                variables[name] = value
        if moment is None and not field.timely:
            moment = _TIMELESS
        elif moment is None:
            self.repeatable = False
            self._evaluations += 1
            seed = f"{self.execution.name}/{self.path}/{self.events}/{self._evaluations}"
            moment = Moment(self.moment_ms, seed)
        return await self.execution.evaluator.evaluate(field, variables, moment)

    def assign(self, variables: Mapping[str, Any]) -> None:
        """Set variables, which the next state sees. Raises `StateFailed` over a size limit."""
        texts = {name: self.encode(value, f"variable {name}") for name, value in variables.items()}
        self.execution.count_variable_bytes(self.variables.growth(texts))
        self.variables.assign(variables, texts)

    def restore(self, variables: Iterable[Variable]) -> None:
        """Set the variables that are journaled."""
        for variable in variables:
            self.variables.restore(variable)
        self.execution.count_variable_bytes(self.variables.size())

    def remember(self, value: Any, text: str) -> None:
        """Know the JSON text of a value that is likely to be assigned and output as it is."""
        self._known = (value, text)

    def encode(self, value: Any, what: str) -> str:
        """The value as JSON text. Raises `StateFailed` over the size limit."""
        known, text = self._known
        return text if known is value else encode_payload(value, f"{what} of {self._state}")

    def retry(self, retrier: int, delay_seconds: float) -> None:
        """Use the retrier once more: the state is to run again after the delay."""
        self.repeatable = False
        self.drop_children()
        self._evaluations = 0
        super().retry(retrier, delay_seconds)

    async def save(self) -> None:
        """Journal where the frame stands, if that has changed; returns when it is journaled.

        Called before the state acts on anything outside: dispatches a job, or waits.
        """
        if self.changed:
            await self.execution.save(self)

    async def save_before_job(self, *, timely: bool) -> None:
        """The same before a job is dispatched, but journaled later where it may wait; `timely` says
        that the job depends on the time or on chance.
        """
        if timely or not self.may_wait():
            await self.save()
        elif self.changed:
            self.execution.stage_late(self)

    def stage(self, turn: Turn) -> None:
        """Add where the frame stands to what is journaled, and before it those around it."""
        if self.gone:
            return
        if self._parent is not None:
            self._parent.stage(turn)
        if self.changed:
            self.stage_snapshot(turn)
        self.news.stage(turn)
        for child in self.children.take_ended() if self.children else ():
            child.stage_snapshot(turn)
            child.news.stage(turn)

    def stage_snapshot(self, turn: Turn) -> None:
        """Add where the frame stands, and the variables that have changed."""
        dropped, self._dropped = self._dropped, []
        for prefix in dropped:
            turn.statements += drop_frames(turn.execution, prefix)
        unsaved = self.variables.take_unsaved()
        turn.statements += save_frame(turn.execution, self.snapshot(), unsaved)
        self.changed, self.journaled, self.repeatable = False, True, True
        if self._parent is not None and self._parent.children is not None:
            self._parent.children.journaled = True
