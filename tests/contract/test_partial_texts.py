"""What models say in steps that run, kept for whoever watches: on every adapter the same."""

from collections.abc import Callable

import pytest

from embedded.partial_texts import LocalPartialTexts
from promptpilot.adapters.partial_texts import KEPT_SECONDS, MAX_CHARACTERS, TablePartialTexts
from promptpilot.clock import epoch_ms
from promptpilot.domain.execution import log_id
from promptpilot.domain.ids import new_id
from promptpilot.domain.progress import progress_subject
from promptpilot.domain.step_job import StepPlace
from promptpilot.ports.live import PartialTexts
from tests.fakes import MemoryTable

WORKSPACE, OTHER = new_id("ws"), new_id("ws")
EXECUTION, ANOTHER = new_id("execution"), new_id("execution")


def log(ordinal: int, iteration: str | None = None, execution: str = EXECUTION) -> str:
    return log_id(execution, StepPlace(step="s", path="s", ordinal=ordinal, iteration=iteration))


def local(**options: int) -> LocalPartialTexts:
    return LocalPartialTexts(announce=lambda _: None, wanted=lambda _: False, **options)


MAKERS: dict[str, Callable[[], PartialTexts]] = {
    "table": lambda: TablePartialTexts(MemoryTable()),
    "memory": local,
}


@pytest.fixture(params=MAKERS)
def texts(request: pytest.FixtureRequest) -> PartialTexts:
    return MAKERS[request.param]()


def test_the_texts_of_an_execution_are_found_by_their_logs(texts: PartialTexts) -> None:
    texts.put(WORKSPACE, EXECUTION, log(1), "One")
    texts.put(WORKSPACE, EXECUTION, log(2, "3.4"), "日本 🙂\n")
    texts.put(WORKSPACE, ANOTHER, log(1, execution=ANOTHER), "Other")
    assert texts.of(WORKSPACE, EXECUTION) == {log(1): "One", log(2, "3.4"): "日本 🙂\n"}
    assert texts.of(OTHER, EXECUTION) == {}


def test_a_text_takes_the_place_of_the_one_before(texts: PartialTexts) -> None:
    texts.put(WORKSPACE, EXECUTION, log(1), "One")
    texts.put(WORKSPACE, EXECUTION, log(1), "One two")
    assert texts.of(WORKSPACE, EXECUTION) == {log(1): "One two"}


def test_what_is_forgotten_is_gone_and_forgetting_again_is_fine(texts: PartialTexts) -> None:
    texts.put(WORKSPACE, EXECUTION, log(1), "One")
    texts.put(WORKSPACE, EXECUTION, log(2), "Two")
    for _ in range(2):
        texts.forget(WORKSPACE, EXECUTION, log(1))
    assert texts.of(WORKSPACE, EXECUTION) == {log(2): "Two"}


def test_in_the_table_texts_expire() -> None:
    table = MemoryTable()
    TablePartialTexts(table).put(WORKSPACE, EXECUTION, log(1), "One")
    (item,) = table.of_kind("partial_text")
    assert item.expires_at is not None
    assert KEPT_SECONDS - 60 < item.expires_at - epoch_ms() // 1000 <= KEPT_SECONDS


def test_in_the_table_a_text_that_is_too_long_is_kept_no_further() -> None:
    texts = TablePartialTexts(MemoryTable())
    kept = "\x01" * MAX_CHARACTERS
    texts.put(WORKSPACE, EXECUTION, log(1), kept)
    texts.put(WORKSPACE, EXECUTION, log(1), kept + "more")
    assert texts.of(WORKSPACE, EXECUTION) == {log(1): kept}


def test_in_memory_the_text_that_has_not_grown_for_longest_makes_room() -> None:
    texts = local(max_characters=10)
    texts.put(WORKSPACE, EXECUTION, log(1), "12345")
    texts.put(WORKSPACE, EXECUTION, log(2), "123")
    texts.put(WORKSPACE, EXECUTION, log(1), "123456")
    texts.put(WORKSPACE, ANOTHER, log(1, execution=ANOTHER), "1234")
    assert texts.of(WORKSPACE, EXECUTION) == {log(1): "123456"}
    assert texts.of(WORKSPACE, ANOTHER) == {log(1, execution=ANOTHER): "1234"}


def test_in_memory_every_text_is_announced() -> None:
    announced: list[str] = []
    texts = LocalPartialTexts(announce=announced.append, wanted=EXECUTION.__eq__)
    texts.put(WORKSPACE, EXECUTION, log(1), "One")
    assert announced == [progress_subject(EXECUTION)]
    assert texts.wanted(EXECUTION)
    assert not texts.wanted(ANOTHER)
