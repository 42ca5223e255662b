"""Map: the same states for every item of an array, and the array of what they give."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from embedded.engine.attempts import Attempts
from embedded.engine.branches import Branches, Start
from embedded.engine.evaluation import Field
from embedded.engine.fields import Fields
from embedded.engine.frame import Frame, State
from embedded.engine.items import Item, with_item
from embedded.engine.jsonata_functions import Moment
from embedded.engine.states import States
from embedded.engine.transition import Transition

EVENTS_PER_ITERATION = 2
"""Of Step Functions' history: started; succeeded, failed or aborted."""


ReadStates = Callable[[Fields], States[State]]


@dataclass(frozen=True, slots=True)
class Map:
    """An inline Map. Without `Items`, it goes through its input; without an `ItemSelector`, each
    iteration gets its item.
    """

    items: Field | None
    selector: Field | None
    concurrency: Field | None
    processor: States[State]
    attempts: Attempts

    @classmethod
    def read(cls, fields: Fields, read_states: ReadStates) -> "Map":
        """The state of that definition; `read_states` reads `StartAt` and `States`."""
        fields.allow(
            *("Type", "Comment", "QueryLanguage", "Items", "ItemSelector", "MaxConcurrency"),
            *("ItemProcessor", "Assign", "Output", "Retry", "Catch", "Next", "End"),
        )
        return cls(
            items=fields.field("Items", _is_array, "must be an array"),
            selector=fields.field("ItemSelector"),
            concurrency=fields.field("MaxConcurrency", _is_limit, "must be a whole number from 0"),
            processor=_read_processor(fields, read_states),
            attempts=Attempts.read(fields),
        )

    async def run(self, frame: Frame) -> Transition:
        """Run the iterations, all again where one fails and a retrier says so."""
        return await self.attempts.run(frame, lambda: self._attempt(frame))

    async def _attempt(self, frame: Frame) -> list[Any]:
        scope = frame.scope()
        items = await frame.evaluate(self.items or _INPUT, scope)
        limit = await frame.evaluate(self.concurrency, scope) if self.concurrency else 0
        starts = [self._start(frame, Item(index, value)) for index, value in enumerate(items)]
        return await Branches(frame, starts, limit).run()

    def _start(self, frame: Frame, item: Item) -> Start:
        timely = self.selector is not None and self.selector.timely
        given = partial(self._input, frame, item)
        return Start(self.processor, given, item, EVENTS_PER_ITERATION, timely)

    async def _input(self, frame: Frame, item: Item, path: str, at_ms: int) -> Any:
        if self.selector is None:
            return item.value
        scope = frame.scope()
        scope["context"] = with_item(scope["context"], item)
        moment = Moment(at_ms, f"{frame.execution.name}/{path}/{frame.events}")
        return await frame.evaluate(self.selector, scope, moment)


def _read_processor(fields: Fields, read_states: ReadStates) -> States[State]:
    processor = fields.inner("ItemProcessor").inner_scope()
    processor.allow("ProcessorConfig", "StartAt", "States", "Comment")
    if "ProcessorConfig" in processor:
        config = processor.inner("ProcessorConfig")
        config.allow("Mode")
        if config.value("Mode") != "INLINE":
            config.problem("Mode", "unsupported", "The only mode of a Map here is INLINE.")
    return read_states(processor)


def _is_array(value: Any) -> bool:
    return isinstance(value, list)


def _is_limit(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_INPUT = Field.compile("Items", "{% $states.input %}", "", [], _is_array, "must be an array")
