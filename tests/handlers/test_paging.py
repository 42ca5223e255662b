"""Lists come in pages, and a cursor goes on in its own list only."""

from collections.abc import Iterator

import pytest

from promptpilot.domain.permissions import Role
from tests.handlers.here import Caller, make_prompt, set_role


def pages(caller: Caller, path: str) -> Iterator[list[str]]:
    """The ids of each page, to the end."""
    cursor = ""
    while True:
        page = caller.get(f"{path}{cursor}").json
        yield [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_the_pages_of_a_list_are_the_list(one: Caller, limit: int) -> None:
    made = [make_prompt(one, name=f"Prompt {number}")["id"] for number in range(7)]
    found = list(pages(one, f"/prompts?limit={limit}"))
    assert [each for page in found for each in page] == made[::-1]
    assert all(len(page) == limit for page in found[:-1])


def test_a_filtered_list_is_walked_to_its_end(one: Caller) -> None:
    made = [
        make_prompt(one, metadata={"tags": ["even" if number % 2 == 0 else "odd"]})["id"]
        for number in range(7)
    ]
    found = list(pages(one, "/prompts?limit=2&tag=even"))
    assert [each for page in found for each in page] == made[::-2]


def test_what_is_made_meanwhile_does_not_disturb_a_walk(one: Caller) -> None:
    made = [make_prompt(one)["id"] for _ in range(4)]
    walk = pages(one, "/prompts?limit=2")
    first = next(walk)
    make_prompt(one)
    assert [*first, *next(walk)] == made[::-1]


@pytest.fixture
def cursor(one: Caller) -> str:
    for _ in range(3):
        make_prompt(one)
    cursor = one.get("/prompts?limit=1").json["next_cursor"]
    assert isinstance(cursor, str)
    return cursor


def refused(caller: Caller, path: str) -> bool:
    answer = caller.get(path)
    return (answer.status, answer.json["code"]) == (400, "cursor_invalid")


def test_a_cursor_that_was_changed_anywhere_is_refused(one: Caller, cursor: str) -> None:
    for place in range(len(cursor) - 1):
        changed = "A" if cursor[place] != "A" else "B"
        assert refused(one, f"/prompts?cursor={cursor[:place]}{changed}{cursor[place + 1 :]}")


@pytest.mark.parametrize("text", ["x", "%00", "eyJhIjoxfQ", "....", "ä", "A" * 400])
def test_a_text_that_is_no_cursor_is_refused(one: Caller, text: str) -> None:
    assert refused(one, f"/prompts?cursor={text}")


def test_a_cursor_of_another_list_is_refused(one: Caller, cursor: str) -> None:
    for path in ("/workflows?", "/executions?", "/feedback?", "/prompts?tag=x&"):
        assert refused(one, f"{path}cursor={cursor}")


def test_a_cursor_of_another_workspace_is_refused(one: Caller, two: Caller, cursor: str) -> None:
    set_role(str(two.user), one.workspace, Role.VIEWER)
    assert refused(two, f"/prompts?cursor={cursor}")
    assert two.within(one.workspace).get(f"/prompts?cursor={cursor}").status == 200


def test_a_page_may_have_another_size_than_the_one_before(one: Caller, cursor: str) -> None:
    page = one.get(f"/prompts?limit=2&cursor={cursor}").json
    assert len(page["items"]) == 2
    assert page["next_cursor"] is None
