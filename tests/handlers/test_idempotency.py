"""A request that is sent again with its key acts once and gets the first answer."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from promptpilot import clock, platform
from promptpilot.domain.permissions import Role
from promptpilot.errors import StoreUnavailable
from promptpilot.platform import Platform
from promptpilot.ports.table import Create, Operation, Replace
from tests.fakes import MemoryTable
from tests.handlers.here import PROMPT, Caller, make_execution, make_prompt, make_workflow, set_role


def count(caller: Caller, path: str = "/prompts") -> int:
    return len(caller.get(path).json["items"])


def test_the_first_answer_is_given_again(one: Caller) -> None:
    first = one.post("/prompts", PROMPT, idempotency_key="k")
    again = one.post("/prompts", PROMPT, idempotency_key="k")
    assert (again.status, again.text) == (first.status, first.text) == (201, first.text)
    assert again.header("Location") == first.header("Location")
    assert again.header("ETag") == first.header("ETag")
    assert first.header("Idempotency-Replayed") is None
    assert again.header("Idempotency-Replayed") == "true"
    assert again.header("X-Request-Id") != first.header("X-Request-Id")
    assert count(one) == 1


def test_every_route_that_makes_or_starts_something_takes_a_key(one: Caller) -> None:
    prompt, workflow = make_prompt(one)["id"], make_workflow(one)
    execution = make_execution(one)["id"]
    requests: Sequence[tuple[str, Any]] = [
        ("/prompts", PROMPT),
        (f"/prompts/{prompt}/versions", {"content": "Other: {{notes}}"}),
        (f"/prompts/{prompt}/fork", {}),
        (f"/prompts/{prompt}/run", {"variables": {"notes": "x"}}),
        ("/workflows", {"name": "W", "steps": workflow["steps"]}),
        (f"/workflows/{workflow['id']}/execute", {"input": {"notes": "x"}}),
        ("/feedback", {"execution_id": execution, "rating": 1}),
    ]
    for number, (path, body) in enumerate(requests):
        first, again = (one.post(path, body, idempotency_key=f"k{number}") for _ in range(2))
        assert first.status < 300, first.text
        assert again.text == first.text
        assert again.header("Idempotency-Replayed") == "true"


def test_the_same_key_for_another_request_is_a_409(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    one.post("/prompts", PROMPT, idempotency_key="k")
    others = [
        one.post("/prompts", {**PROMPT, "name": "Other"}, idempotency_key="k"),
        one.post(f"/prompts/{prompt}/fork", PROMPT | {"version": None}, idempotency_key="k"),
        one.post(f"/prompts/{prompt}/fork", {}, idempotency_key="k"),
    ]
    assert [answer.status for answer in others] == [409, 422, 409]
    assert others[0].json["code"] == "idempotency_conflict"


def test_keys_of_different_people_and_workspaces_are_different(one: Caller, two: Caller) -> None:
    set_role(str(two.user), one.workspace, Role.EDITOR)
    answers = [
        caller.post("/prompts", PROMPT, idempotency_key="k")
        for caller in (one, two, two.within(one.workspace))
    ]
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert len({answer.json["id"] for answer in answers}) == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ä"])
def test_a_key_that_is_none_is_a_422(one: Caller, key: str) -> None:
    answer = one.post("/prompts", PROMPT, idempotency_key=key)
    assert answer.status == 422
    assert answer.json["fields"][0]["at"] == "/Idempotency-Key"
    assert count(one) == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, 'a b; c="d"', "~!"])
def test_any_printable_key_will_do(one: Caller, key: str) -> None:
    assert one.post("/prompts", PROMPT, idempotency_key=key).status == 201


def test_a_refusal_is_given_again_as_well(one: Caller) -> None:
    body = {**PROMPT, "content": "{{ notes"}
    first, again = (one.post("/prompts", body, idempotency_key="k") for _ in range(2))
    assert first.status == again.status == 422
    assert again.json["request_id"] == first.json["request_id"]
    assert again.header("Content-Type") == "application/problem+json"


def test_a_missing_permission_is_not_kept(one: Caller, two: Caller) -> None:
    within = two.within(one.workspace)
    set_role(str(two.user), one.workspace, Role.VIEWER)
    assert within.post("/prompts", PROMPT, idempotency_key="k").status == 403
    set_role(str(two.user), one.workspace, Role.EDITOR)
    assert within.post("/prompts", PROMPT, idempotency_key="k").status == 201


class Failing(MemoryTable):
    """A table that fails to write prompts as often as it is told."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        kinds = {each.item.kind for each in operations if isinstance(each, Create)}
        if "prompt" in kinds and self.failures:
            self.failures -= 1
            raise StoreUnavailable
        super().write(operations, durable=durable)


def test_a_failure_on_our_side_is_not_kept(one: Caller, ports: Platform) -> None:
    table = Failing(1)
    table._items = ports.table._items  # type: ignore[attr-defined]
    platform.install(replace(ports, table=table))
    assert one.post("/prompts", PROMPT, idempotency_key="k").status == 503
    again = one.post("/prompts", PROMPT, idempotency_key="k")
    assert again.status == 201
    assert again.header("Idempotency-Replayed") is None


class Waiting(MemoryTable):
    """A table in which making a prompt waits for a go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        if any(isinstance(each, Create) and each.item.kind == "prompt" for each in operations):
            self.begun.set()
            assert self.go.wait(30)
        super().write(operations, durable=durable)


def test_a_request_that_is_under_way_is_a_409_that_says_when_to_come_back(
    one: Caller, ports: Platform
) -> None:
    table = Waiting()
    table._items = ports.table._items  # type: ignore[attr-defined]
    platform.install(replace(ports, table=table))
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(one.post, "/prompts", PROMPT, idempotency_key="k")
        assert table.begun.wait(30)
        meanwhile = one.post("/prompts", PROMPT, idempotency_key="k")
        table.go.set()
        assert first.result(30).status == 201
    assert (meanwhile.status, meanwhile.json["code"]) == (409, "idempotency_in_flight")
    assert meanwhile.header("Retry-After") == "1"
    assert one.post("/prompts", PROMPT, idempotency_key="k").text == first.result().text


def test_of_many_at_once_one_acts(one: Caller) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: one.post("/prompts", PROMPT, idempotency_key="k"), range(32))
        )
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.json["id"] for answer in answers if answer.status == 201}) == 1
    assert count(one) == 1


def test_a_key_whose_process_died_is_free_again_after_its_lease(
    one: Caller, ports: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = one.post("/prompts", PROMPT, idempotency_key="k")
    [done] = ports.table.of_kind("idempotency")  # type: ignore[attr-defined]
    began = clock.epoch_ms()
    lost = {**json.loads(done.body), "state": "in_flight"}
    marker = replace(done.next(json.dumps(lost)), expires_at=began // 1000 + 60)
    ports.table.write([Replace(marker)])
    assert one.post("/prompts", PROMPT, idempotency_key="k").status == 409
    monkeypatch.setattr(clock, "epoch_ms", lambda: began + 61_000)
    monkeypatch.setattr("tests.fakes.epoch_ms", lambda: began + 61_000)
    again = one.post("/prompts", PROMPT, idempotency_key="k")
    assert again.status == 201
    assert again.json["id"] != first.json["id"]


def test_an_answer_is_kept_for_a_day(
    one: Caller, ports: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.post("/prompts", PROMPT, idempotency_key="k")
    began = clock.epoch_ms()
    monkeypatch.setattr("tests.fakes.epoch_ms", lambda: began + 86_000_000)
    assert one.post("/prompts", PROMPT, idempotency_key="k").header("Idempotency-Replayed")
    monkeypatch.setattr("tests.fakes.epoch_ms", lambda: began + 86_402_000)
    assert one.post("/prompts", PROMPT, idempotency_key="k").header("Idempotency-Replayed") is None


def test_an_answer_too_large_for_an_item_is_kept_all_the_same(one: Caller) -> None:
    body = {**PROMPT, "content": "{{notes}}" + '"\n' * 80_000}
    first, again = (one.post("/prompts", body, idempotency_key="k") for _ in range(2))
    assert first.status == 201, first.text
    assert again.text == first.text
    assert again.header("Idempotency-Replayed") == "true"
