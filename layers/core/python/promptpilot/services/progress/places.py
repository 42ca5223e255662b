"""Where the states of a workflow version stand among its steps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptpilot.domain.step_blocks import blocks_of
from promptpilot.domain.workflow import WorkflowVersion
from promptpilot.domain.workflow_steps import LoopStep, MapStep, PromptStep, Step
from promptpilot.services.lru import LruCache

CACHED_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Repeated:
    """A step whose steps run again and again: a map, or a loop, whose rounds begin with `first`."""

    id: str
    is_map: bool
    first: str


@dataclass(frozen=True, slots=True)
class Place:
    """One step: `around` are the maps and loops that it is in, outermost first."""

    step: str
    path: str
    ordinal: int
    is_prompt: bool
    around: tuple[Repeated, ...]
    inside: Repeated | None
    """What it is itself to the steps that it repeats."""

    @property
    def block(self) -> str:
        """The path of what holds it; "" for the document."""
        return self.path.rpartition("/")[0]

    def holds(self, path: str) -> bool:
        """Whether the step of that path is within this one."""
        return path.startswith(f"{self.path}/")


Places = Mapping[str, Place]
"""By step id, which a state's name begins with: a dot parts it from what is the compiler's."""

_known: LruCache[str, Places] = LruCache(CACHED_STEPS)


def places_of(version: WorkflowVersion) -> Places:
    """Every step's place; kept for a while, since a version never changes."""
    name = f"{version.workspace}/{version.workflow_id}/{version.version}"
    places = _known.get(name)
    if places is None:
        walk = enumerate(_walk(version.document.steps, "", ()), 1)
        places = {step.id: _place(step, path, n, around) for n, (step, path, around) in walk}
        _known.put(name, places, len(places))
    return places


def step_of(state: str) -> str:
    """The id of the step that a state belongs to."""
    return state.partition(".")[0]


def _place(step: Step, path: str, ordinal: int, around: tuple[Repeated, ...]) -> Place:
    is_prompt = isinstance(step, PromptStep)
    return Place(step.id, path, ordinal, is_prompt, around, _repeated(step))


def _repeated(step: Step) -> Repeated | None:
    if not isinstance(step, MapStep | LoopStep):
        return None
    return Repeated(step.id, isinstance(step, MapStep), step.steps[0].id)


def _walk(
    steps: Sequence[Step], outer: str, around: tuple[Repeated, ...]
) -> Iterator[tuple[Step, str, tuple[Repeated, ...]]]:
    """In reading order, which counts the ordinals."""
    for step in steps:
        path = f"{outer}{step.id}"
        yield step, path, around
        repeated = _repeated(step)
        for block in blocks_of(step):
            repeats = repeated is not None and block.place == ("steps",)
            within = (*around, repeated) if repeats and repeated is not None else around
            yield from _walk(block.steps, block.below(path), within)
