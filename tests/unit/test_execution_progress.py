"""Telling an execution's progress: in order, all of it, from wherever a client stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptpilot.domain.execution import ExecutionStatus
from promptpilot.domain.progress import ProgressEvent, StateEvent, TextEvent
from promptpilot.errors import CursorInvalid
from promptpilot.services.executions.records import load_execution
from promptpilot.services.progress.cursor import Told, seal_told
from promptpilot.services.progress.page import MOST_BYTES, PIECE_CHARACTERS
from tests.unit.watched import Watched, brief


def test_an_execution_that_has_done_nothing_has_nothing_to_tell() -> None:
    watched = Watched()
    progress = watched.ask()
    assert progress.items == ()
    assert progress.status == "queued"
    assert progress.cost_micro_usd == 0


def test_a_cursor_goes_on_where_the_answer_before_ended() -> None:
    watched = Watched()
    watched.enters("first")
    first = watched.ask()
    assert brief(first.items) == [("state.entered", "first")]
    assert watched.ask(first.next_cursor).items == ()
    watched.leaves("first")
    watched.enters("second")
    second = watched.ask(first.next_cursor)
    assert brief(second.items) == [("state.left", "first"), ("state.entered", "second")]
    assert watched.ask(first.next_cursor).items == second.items


def test_a_text_that_grows_is_told_in_pieces_that_join() -> None:
    watched = Watched()
    watched.enters("first")
    watched.says("first", "One")
    one = watched.ask()
    watched.says("first", "One two 🙂")
    two = watched.ask(one.next_cursor)
    watched.says("first", "One two 🙂 three")
    three = watched.ask(two.next_cursor)
    assert brief(one.items)[1:] == [("first", 0, "One")]
    assert brief(two.items) == [("first", 3, " two 🙂")]
    assert brief(three.items) == [("first", 9, " three")]


def test_a_cursor_of_another_process_goes_on_the_same() -> None:
    watched = Watched()
    watched.enters("first")
    watched.leaves("first")
    watched.enters("second")
    watched.says("second", "Two")
    execution = watched.execution
    # Nobody has read up to here and no further.
    for last in (1, 2, 3):
        cursor = seal_told(
            Told(last=last),
            workspace=execution.workspace,
            execution=execution.id,
            key=watched.ports.cursor_key,
        )
        whole = brief(watched.ask().items)
        assert brief(watched.ask(cursor).items) == whole[last:]


def test_another_try_that_says_something_else_begins_anew() -> None:
    watched = Watched()
    watched.enters("first")
    watched.says("first", "One two")
    cursor = watched.ask().next_cursor
    watched.says("first", "One t")
    assert brief(watched.ask(cursor).items) == [("first", 0, "One t")]
    watched.says("first", "Not so")
    assert brief(watched.ask(cursor).items) == [("first", 0, "Not so")]


async def test_what_a_client_does_not_have_of_a_text_comes_before_its_step_is_left() -> None:
    watched = Watched(answer="One two three")
    watched.enters("first")
    watched.says("first", "One ")
    cursor = watched.ask().next_cursor
    await watched.works("first")
    watched.leaves("first")
    assert brief(watched.ask(cursor).items) == [
        ("first", 4, "two three"),
        ("state.left", "first"),
    ]
    assert brief(watched.ask().items) == [
        ("state.entered", "first"),
        ("first", 0, "One two three"),
        ("state.left", "first"),
    ]


async def test_without_stream_no_text_is_told() -> None:
    watched = Watched(stream=False)
    watched.enters("first")
    watched.says("first", "One ")
    await watched.works("first")
    watched.leaves("first")
    states = [("state.entered", "first"), ("state.left", "first")]
    assert brief(watched.ask().items) == states
    assert len(watched.ask(with_texts=True).items) == 3


def test_a_text_of_a_step_that_is_not_known_to_have_begun_waits() -> None:
    watched = Watched()
    watched.says("first", "One")
    page = watched.ask()
    assert page.items == ()
    watched.enters("first")
    assert brief(watched.ask(page.next_cursor).items)[1:] == [("first", 0, "One")]


def test_a_text_that_a_dead_worker_left_is_not_told_after_its_step_failed() -> None:
    watched = Watched()
    watched.enters("first")
    watched.says("first", "One")
    watched.happens("state_failed", "first", "States.HeartbeatTimeout")
    items = watched.ask().items
    assert brief(items) == [("state.entered", "first"), ("state.failed", "first")]
    assert isinstance(items[1], StateEvent)
    assert items[1].error == "States.HeartbeatTimeout"


def test_the_end_is_told_once_and_last() -> None:
    watched = Watched()
    watched.enters("first")
    watched.leaves("first")
    before = watched.ask()
    ended = watched.ends()
    progress = watched.ask(before.next_cursor)
    assert brief(progress.items) == ["execution.succeeded"]
    assert progress.items[0].at == ended.ended_at  # type: ignore[union-attr]
    assert progress.status == "succeeded"
    assert watched.ask(progress.next_cursor).items == ()
    assert brief(watched.ask().items)[-1] == "execution.succeeded"


def test_a_state_of_no_step_is_not_told_and_does_not_let_the_end_come_first() -> None:
    watched = Watched()
    watched.enters("somewhere")
    watched.enters("first")
    watched.ends()
    nothing = watched.ask(limit=1)
    assert nothing.items == ()
    assert brief(watched.ask_on(1, nothing.next_cursor)) == [
        ("state.entered", "first"),
        "execution.succeeded",
    ]


def test_an_execution_that_is_resumed_goes_on_and_ends_once_more() -> None:
    watched = Watched()
    watched.enters("first")
    watched.world.change(watched.execution, "FAILED", stopDate=2_000, error="E", cause="c")
    cursor = watched.ask().next_cursor
    found = load_execution(
        watched.execution.workspace, watched.execution.id, table=watched.ports.table
    )
    resumed = found.changed(status=ExecutionStatus.RUNNING, resumes=1, ended_at=None, error=None)
    watched.ports.table.write([resumed.replace])
    watched.happens("state_retried", "first")
    page = watched.ask(cursor)
    assert brief(page.items) == [("state.retried", "first")]
    watched.ends()
    assert brief(watched.ask(page.next_cursor).items) == ["execution.succeeded"]


def test_auxiliary_states_are_told_as_those_of_their_step() -> None:
    watched = Watched()
    watched.enters("first.on_error")
    item = watched.ask().items[0]
    assert isinstance(item, StateEvent)
    assert (item.step, item.path, item.state) == ("first", "first", "first.on_error")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_any_size_tell_the_same(limit: int) -> None:
    watched = Watched(answer="A long answer. " * 4_000)
    for step in ("first", "second"):
        watched.enters(step)
        await watched.works(step)
        watched.leaves(step)
    watched.ends()
    items = watched.ask_on(limit)
    assert brief(items) == brief(watched.ask_on(50))
    texts = [item for item in items if isinstance(item, TextEvent)]
    assert len(texts) == 2 * -(-60_000 // PIECE_CHARACTERS)
    for step in ("first", "second"):
        said = "".join(item.text for item in texts if item.step == step)
        assert said == "A long answer. " * 4_000


@pytest.mark.parametrize("character", ["x", "\x01", '"', "🙂"])
async def test_an_answer_never_has_more_bytes_than_a_message_may(character: str) -> None:
    watched = Watched(answer=character * 100_000)
    watched.enters("first")
    await watched.works("first")
    watched.leaves("first")
    cursor = None
    said = ""
    while (page := watched.ask(cursor)).items:
        items = page.model_dump_json(include={"items"})
        assert len(items.encode()) <= MOST_BYTES
        said += "".join(item.text for item in page.items if isinstance(item, TextEvent))
        cursor = page.next_cursor
    assert said == character * 100_000


class Client:
    """Joins what it is told, as the documentation says."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._cursor: str | None = None
        self.text = ""
        self.states: list[ProgressEvent] = []

    def ask(self, limit: int) -> bool:
        """Whether there was anything."""
        page = self._watched.ask(self._cursor, limit)
        self._cursor = page.next_cursor
        for item in page.items:
            if not isinstance(item, TextEvent):
                self.states.append(item)
                continue
            assert item.offset in {0, len(self.text)}
            self.text = (self.text if item.offset else "") + item.text
        return bool(page.items)


class Step:
    """The first step: it speaks, fails, and is tried again."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._tries = 0
        self.running = True
        self.said = ""
        watched.enters("first")

    def say(self, words: int) -> None:
        if self.running:
            self.said += str(self._tries) * words
            self._watched.says("first", self.said)

    def fail_or_retry(self, _: int) -> None:
        self._watched.happens("state_failed" if self.running else "state_retried", "first")
        self.running = not self.running
        if self.running:
            self.said = ""
            self._tries += 1
            self._watched.says("first", "")


HAPPENINGS = st.tuples(st.sampled_from(["say", "fail_or_retry", "ask"]), st.integers(1, 4))


@settings(max_examples=60, deadline=None)
@given(st.lists(HAPPENINGS, max_size=30))
def test_whatever_happens_in_between_clients_join_the_same_text(
    happenings: list[tuple[str, int]],
) -> None:
    watched = Watched()
    step, asking, asked_once = Step(watched), Client(watched), Client(watched)
    for what, size in happenings:
        (asking.ask if what == "ask" else getattr(step, what))(size)
    while asking.ask(2):
        pass
    asked_once.ask(100)
    assert asking.states == asked_once.states
    if step.running and step.said:
        assert asking.text == asked_once.text == step.said


def test_cursors_are_good_for_one_execution_alone() -> None:
    watched, other = Watched(), Watched()
    cursor = watched.ask().next_cursor
    with pytest.raises(CursorInvalid):
        other.ask(cursor)
    with pytest.raises(CursorInvalid):
        watched.ask(cursor[:-2])


async def test_costs_are_summed_anew_at_the_end_and_not_with_every_answer() -> None:
    watched = Watched()
    assert watched.ask().usage.output_tokens == 0
    await watched.works("first")
    assert watched.ask().usage.output_tokens == 0
    watched.ends()
    assert watched.ask().usage.output_tokens == 3
