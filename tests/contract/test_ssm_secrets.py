"""How the Parameter Store is used, and what it answers on a bad day (canned, as moto has none)."""

import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from pydantic import SecretStr

from promptpilot.adapters.aws.secret_cache import SecretCache
from promptpilot.adapters.aws.ssm_secrets import SsmSecrets
from promptpilot.errors import StoreUnavailable
from tests.contract.aws_clients import client, cut_off_client
from tests.contract.hand_clock import HandClock

CANARY = "canary-7d1f"
PATH = "/promptpilot/dev/ws_1/a"


@pytest.fixture
def ssm() -> Any:
    return client("ssm")


@pytest.fixture
def answers(ssm: Any) -> Iterator[Stubber]:
    with Stubber(ssm) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def secrets(ssm: Any) -> SsmSecrets:
    return SsmSecrets(ssm, "/promptpilot/dev")


def holds(answers: Stubber, value: str) -> None:
    expected = {"Name": PATH, "WithDecryption": True}
    answers.add_response("get_parameter", {"Parameter": {"Value": value}}, expected)


def plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def test_a_parameter_is_an_encrypted_one_of_the_free_tier(
    secrets: SsmSecrets, answers: Stubber
) -> None:
    expected = {"Name": PATH, "Value": "x", "Type": "SecureString", "Tier": "Standard"}
    answers.add_response("put_parameter", {}, expected | {"Overwrite": True})
    answers.add_response("put_parameter", {}, expected | {"Overwrite": False})
    secrets.put("ws_1", "a", SecretStr("x"))
    secrets.create("ws_1", "a", SecretStr("x"))


def test_a_value_is_remembered_for_minutes_and_then_read_again(
    secrets: SsmSecrets, answers: Stubber, clock: HandClock
) -> None:
    holds(answers, "one")
    holds(answers, "two")
    for passed, expected in ((0, "one"), (239, "one"), (1, "two"), (239, "two")):
        clock.seconds += passed
        assert plain(secrets.get("ws_1", "a")) == expected


def test_a_fresh_value_is_read_whatever_is_remembered_and_is_remembered_then(
    secrets: SsmSecrets, answers: Stubber
) -> None:
    holds(answers, "one")
    holds(answers, "two")
    answers.add_client_error("get_parameter", "ParameterNotFound")
    assert plain(secrets.get("ws_1", "a")) == "one"
    assert plain(secrets.get("ws_1", "a", fresh=True)) == "two"
    assert plain(secrets.get("ws_1", "a")) == "two"
    assert plain(secrets.get("ws_1", "a", fresh=True)) is None
    assert plain(secrets.get("ws_1", "a")) is None


def test_that_there_is_none_is_remembered_for_seconds(
    secrets: SsmSecrets, answers: Stubber, clock: HandClock
) -> None:
    answers.add_client_error("get_parameter", "ParameterNotFound")
    holds(answers, "one")
    for passed, expected in ((0, None), (19, None), (1, "one")):
        clock.seconds += passed
        assert plain(secrets.get("ws_1", "a")) == expected


def test_a_clock_that_is_set_back_keeps_nothing_alive(
    secrets: SsmSecrets, answers: Stubber, clock: HandClock
) -> None:
    holds(answers, "one")
    holds(answers, "two")
    secrets.get("ws_1", "a")
    clock.seconds -= 1
    assert plain(secrets.get("ws_1", "a")) == "two"


def test_a_read_that_failed_is_made_again(secrets: SsmSecrets, answers: Stubber) -> None:
    answers.add_client_error("get_parameter", "ThrottlingException")
    holds(answers, "one")
    with pytest.raises(StoreUnavailable):
        secrets.get("ws_1", "a")
    assert plain(secrets.get("ws_1", "a")) == "one"


def test_a_secret_that_vanishes_between_its_creation_and_the_look_is_created_again(
    secrets: SsmSecrets, answers: Stubber
) -> None:
    answers.add_client_error("put_parameter", "ParameterAlreadyExists")
    answers.add_client_error("get_parameter", "ParameterNotFound")
    answers.add_response("put_parameter", {})
    assert plain(secrets.create("ws_1", "a", SecretStr("mine"))) == "mine"


def test_a_secret_that_is_neither_there_nor_creatable_is_out_of_reach(
    secrets: SsmSecrets, answers: Stubber
) -> None:
    for _ in range(3):
        answers.add_client_error("put_parameter", "ParameterAlreadyExists")
        answers.add_client_error("get_parameter", "ParameterNotFound")
    with pytest.raises(StoreUnavailable):
        secrets.create("ws_1", "a", SecretStr("mine"))


Call = Callable[[SsmSecrets], object]
CALLS: tuple[Call, ...] = (
    lambda secrets: secrets.put("ws_1", "a", SecretStr(CANARY)),
    lambda secrets: secrets.create("ws_1", "a", SecretStr(CANARY)),
    lambda secrets: secrets.get("ws_1", "a"),
    lambda secrets: secrets.delete("ws_1", "a"),
)


@pytest.mark.parametrize(
    "code",
    ["ThrottlingException", "AccessDeniedException", "ValidationException", "TooManyUpdates"],
)
def test_what_aws_refuses_is_out_of_reach_and_its_words_are_not_repeated(
    secrets: SsmSecrets, answers: Stubber, code: str
) -> None:
    methods = ("put_parameter", "put_parameter", "get_parameter", "delete_parameter")
    for method, call in zip(methods, CALLS, strict=True):
        answers.add_client_error(method, code, f"Value '{CANARY}' failed to satisfy a constraint")
        with pytest.raises(StoreUnavailable, match=code) as raised:
            call(secrets)
        assert CANARY not in "".join(traceback.format_exception(raised.value))
        assert raised.value.__context__ is None


@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
@pytest.mark.parametrize("call", CALLS)
def test_a_network_that_fails_makes_the_secrets_out_of_reach(
    error: type[Exception], call: Call
) -> None:
    with pytest.raises(StoreUnavailable):
        call(SsmSecrets(cut_off_client("ssm", error), "/promptpilot/dev"))


class SlowRead:
    """A read that lasts until it is let go, and counts how often it was made."""

    def __init__(self, outcome: str | Exception) -> None:
        self.begun, self.gate, self.calls = threading.Event(), threading.Event(), 0
        self._outcome = outcome

    def __call__(self) -> SecretStr:
        self.calls += 1
        self.begun.set()
        assert self.gate.wait(30)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return SecretStr(self._outcome)


@pytest.mark.parametrize("outcome", ["one", StoreUnavailable()])
def test_those_who_miss_at_once_make_one_read(outcome: str | Exception) -> None:
    cache, read = SecretCache(), SlowRead(outcome)
    joined = threading.Barrier(6)

    def follow() -> SecretStr | None:
        joined.wait(30)
        return cache.get("a", read)

    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(cache.get, "a", read)
        assert read.begun.wait(30)
        others = [threads.submit(follow) for _ in range(5)]
        joined.wait(30)  # whoever comes later than the read's end finds its answer kept
        read.gate.set()
        results = [each.exception(30) or plain(each.result(30)) for each in (first, *others)]
    if isinstance(outcome, str):
        assert read.calls == 1
    assert results == [outcome] * 6


def test_a_read_that_began_before_a_put_does_not_come_after_it() -> None:
    cache, read = SecretCache(), SlowRead("old")
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(cache.get, "a", read)
        assert read.begun.wait(30)
        cache.put("a", SecretStr("new"))
        read.gate.set()
        reading.result(30)
    assert plain(cache.get("a", read)) == "new"


def test_only_so_many_answers_are_kept_and_the_oldest_go_first() -> None:
    cache, reads = SecretCache(limit=2), []

    def read(path: str) -> None:
        cache.get(path, lambda: reads.append(path))

    for path in ("a", "b", "c", "c", "b", "a"):
        read(path)
    assert reads == ["a", "b", "c", "a"]
