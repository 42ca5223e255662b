"""What every `Secrets` promises."""

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from promptpilot.errors import Invalid, PromptPilotError, TooLarge
from promptpilot.ports.secrets import Secrets
from tests.contract.secret_stores import SECRETS
from tests.contract.stores import Aws
from tests.contract.threads import in_threads

CANARY = "canary-7d1f"


@pytest.fixture(params=sorted(SECRETS))
def store(request: pytest.FixtureRequest, aws: Aws, tmp_path: Path) -> Iterator[Secrets]:
    with SECRETS[request.param](tmp_path) as store:
        yield store


def plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def test_what_is_not_there_is_none(store: Secrets) -> None:
    assert store.get("ws_1", "a") is None


def test_what_was_put_is_there_at_once_and_the_last_put_stands(store: Secrets) -> None:
    assert store.get("ws_1", "a") is None  # and is not remembered against the next line
    store.put("ws_1", "a", SecretStr("one"))
    assert plain(store.get("ws_1", "a")) == "one"
    store.put("ws_1", "a", SecretStr("two"))
    assert plain(store.get("ws_1", "a")) == "two"


def test_a_fresh_value_is_the_one_that_stands(store: Secrets) -> None:
    assert store.get("ws_1", "a", fresh=True) is None
    store.put("ws_1", "a", SecretStr("one"))
    assert plain(store.get("ws_1", "a", fresh=True)) == "one"


def test_what_was_deleted_is_gone_at_once_and_may_be_gone_already(store: Secrets) -> None:
    store.put("ws_1", "a", SecretStr("one"))
    for _ in range(2):
        store.delete("ws_1", "a")
        assert store.get("ws_1", "a") is None


def test_a_secret_that_is_created_stands_against_later_ones(store: Secrets) -> None:
    assert plain(store.create("ws_1", "a", SecretStr("one"))) == "one"
    assert plain(store.create("ws_1", "a", SecretStr("two"))) == "one"
    assert plain(store.get("ws_1", "a")) == "one"


def test_a_secret_that_was_deleted_can_be_created_anew(store: Secrets) -> None:
    store.put("ws_1", "a", SecretStr("one"))
    store.delete("ws_1", "a")
    assert plain(store.create("ws_1", "a", SecretStr("two"))) == "two"


def test_all_who_create_at_once_get_the_same(store: Secrets) -> None:
    made: list[str | None] = []
    in_threads(
        8, lambda number: made.append(plain(store.create("ws_1", "a", SecretStr(f"{number}"))))
    )
    assert len(made) == 8
    assert set(made) == {plain(store.get("ws_1", "a"))}


def test_workspaces_and_names_are_kept_apart(store: Secrets) -> None:
    places = [("ws_1", "a"), ("ws_2", "a"), ("ws_1", "a/b"), ("ws_1", "a.b"), ("platform", "a")]
    for place in places:
        store.put(*place, SecretStr("/".join(place)))
    store.delete("ws_2", "a")
    found = [plain(store.get(*place)) for place in places]
    assert found == ["ws_1/a", None, "ws_1/a/b", "ws_1/a.b", "platform/a"]


@pytest.mark.parametrize(
    "value", ["x", "ä€😀", " spaces\tand\nlines ", '{"a": {"b": "}}"}}', "k" * 4096, "€" * 1365]
)
def test_a_value_comes_back_as_it_was(store: Secrets, value: str) -> None:
    store.put("ws_1", "a", SecretStr(value))
    assert plain(store.get("ws_1", "a")) == value


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("", Invalid),
        ("{{ssm:/other}}", Invalid),
        ("a\0b", Invalid),
        ("\ud800", Invalid),
        ("k" * 4097, TooLarge),
        ("€" * 1366, TooLarge),
    ],
)
def test_what_not_every_store_takes_is_refused_by_all(
    store: Secrets, value: str, error: type[Exception]
) -> None:
    for call in (store.put, store.create):
        with pytest.raises(error):
            call("ws_1", "a", SecretStr(value))
    assert store.get("ws_1", "a") is None


@pytest.mark.parametrize(
    "name", ["a", "models/custom/fake", "a-b_c.d", "0", "n" * 200, "a/" * 9 + "a"]
)
def test_a_name_may_be_a_path(store: Secrets, name: str) -> None:
    store.put("ws_1", name, SecretStr("one"))
    assert plain(store.get("ws_1", name)) == "one"


@pytest.mark.parametrize(
    "place",
    [
        *(("ws_1", name) for name in ("", "A", "a b", "/a", "a/", "a//b", "ä", "n" * 201, "a\n")),
        *(("ws_1", name) for name in (".", "..", "a/../b", "./a", "a/" * 10 + "a", "a*", "a:1")),
        *((workspace, "a") for workspace in ("", "ws/1", "..", "w" * 65, "ws 1", "ws_1\n")),
    ],
)
def test_what_is_no_name_is_refused_by_every_method(store: Secrets, place: tuple[str, str]) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: store.put(*place, SecretStr("one")),
        lambda: store.create(*place, SecretStr("one")),
        lambda: store.get(*place),
        lambda: store.delete(*place),
    )
    for call in calls:
        with pytest.raises(Invalid):
            call()


def test_a_value_is_in_no_repr_no_log_and_no_error(
    store: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store.put("ws_1", "a", SecretStr(CANARY))
    told = [repr(store), repr(vars(store)), repr(store.get("ws_1", "a"))]
    for value, name in ((CANARY, "A"), (CANARY + "\0", "a"), (CANARY * 999, "a")):
        with pytest.raises(PromptPilotError) as raised:
            store.put("ws_1", name, SecretStr(value))
        told += ["".join(traceback.format_exception(raised.value)), repr(raised.value.data())]
    assert CANARY not in "".join(told) + caplog.text
