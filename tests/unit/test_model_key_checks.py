"""Checking a key in a worker: crashes in between, and others who change the key meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from promptpilot import keys
from promptpilot.domain.model_key import NewModelKey
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.domain.step_job import ModelKeyJob, parse_step_job
from promptpilot.errors import ModelKeyUnchecked, StoreUnavailable
from promptpilot.ports.table import Operation
from promptpilot.services.model_keys import checking
from promptpilot.services.model_keys.checking import (
    CheckPorts,
    abandon_model_key,
    check_model_key,
)
from promptpilot.services.model_keys.listing import list_model_keys
from promptpilot.services.model_keys.records import KeyCheck, read_check
from promptpilot.services.model_keys.setting import delete_model_key, put_model_key
from promptpilot.step_errors import ModelAuthFailed
from tests.fakes import MemoryTable, ScriptedModels
from tests.handlers.here import MemorySecrets, in_place
from tests.unit.world import NoWaiting

WORKSPACE, USER = "ws_01JD8W2M7Q4V6X9Z3B5N8R1T0K", "user_01JD8W2M7Q4V6X9Z3B5N8R1T0K"
ADMIN = Principal(user=USER, workspace=WORKSPACE, role=Role.ADMIN)
LIVE, CANDIDATE = "models/openai", "models/candidates/openai"
OLD, ONE, TWO = "canary-old-key", "canary-first-key-1", "canary-second-key-2"


class FailingTable(MemoryTable):
    """A table that is out of reach for the next `failures` writes."""

    failures = 0

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable
        super().write(operations, durable=durable)


@dataclass
class Jobs:
    """A queue that somebody else works on, later."""

    sent: list[str] = field(default_factory=list)

    def send(self, body: str) -> None:
        self.sent.append(body)

    def release(self, receipt: str, seconds: int) -> None:
        raise AssertionError(receipt)


class Place:
    """One workspace, whose worker works when it is told to."""

    def __init__(self) -> None:
        self.table = FailingTable()
        self.secrets = MemorySecrets()
        self.models = ScriptedModels()
        self.waiter = NoWaiting()
        self.jobs = Jobs()
        self.ports = CheckPorts(self.models, self.secrets, self.table, self.waiter, in_place)

    def put(self, key: str, *, verify: bool = True) -> None:
        """Send a key; the check of it is queued."""
        new = NewModelKey(key=SecretStr(key), verify=verify)
        try:
            put_model_key(
                ADMIN,
                "openai",
                new,
                models=self.models,
                secrets=self.secrets,
                table=self.table,
                step_queue=self.jobs,
                waiter=self.waiter,
            )
        except ModelKeyUnchecked:
            assert verify

    def delete(self) -> None:
        delete_model_key(
            ADMIN, "openai", models=self.models, secrets=self.secrets, table=self.table
        )

    def work(self, place: int = -1) -> None:
        """Do one of the queued jobs."""
        job = parse_step_job(self.jobs.sent[place])
        assert isinstance(job, ModelKeyJob)
        asyncio.run(check_model_key(job, self.ports))

    @property
    def kept(self) -> dict[str, str]:
        values = self.secrets.values.items()
        return {name: value.get_secret_value() for (_, name), value in values}

    @property
    def shown(self) -> str | None:
        return list_model_keys(ADMIN, models=self.models, table=self.table)[0].masked

    @property
    def outcome(self) -> str | None:
        found = read_check(WORKSPACE, "openai", table=self.table)
        return None if found is None else found[1].outcome


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "FIND_SECONDS", (0.0, 0.0))


def test_no_job_record_or_event_holds_the_key(place: Place) -> None:
    place.put(ONE)
    place.work()
    kinds = ("model_key", "model_key_check", "outbox")
    written = [item.body for kind in kinds for item in place.table.of_kind(kind)]
    assert len(written) == 3
    assert ONE not in "".join([*written, *place.jobs.sent])


def test_a_worker_that_dies_before_the_record_does_all_of_it_again(place: Place) -> None:
    place.put(OLD, verify=False)
    place.put(ONE)
    place.table.failures = 1
    with pytest.raises(StoreUnavailable):
        place.work()
    assert place.kept[LIVE] == ONE  # it was taken: the vendor has said so
    place.work()
    assert (place.kept, place.shown) == ({LIVE: ONE}, "…ey-1")


def test_a_job_that_comes_again_after_the_record_changes_nothing(place: Place) -> None:
    place.put(ONE)
    place.work()
    before = place.table.get(keys.model_key(WORKSPACE, "openai"))
    place.secrets.put(WORKSPACE, CANDIDATE, SecretStr(f"{_check(place)} {ONE}"))
    place.work()
    assert place.table.get(keys.model_key(WORKSPACE, "openai")) == before
    assert place.models.checked == [("openai", ONE)]
    assert place.kept == {LIVE: ONE}


def test_of_two_keys_that_are_checked_the_one_sent_last_is_kept(place: Place) -> None:
    place.put(ONE)
    place.put(TWO)
    place.work(0)
    assert LIVE not in place.kept
    place.work(1)
    place.work(0)
    assert (place.kept, place.shown) == ({LIVE: TWO}, "…ey-2")
    assert place.models.checked == [("openai", TWO)]


def test_a_key_that_was_deleted_while_it_was_checked_stays_deleted(place: Place) -> None:
    place.put(OLD, verify=False)
    place.put(ONE)
    _meanwhile(place, place.delete)
    place.work()
    assert (place.kept, place.shown) == ({}, None)


def test_a_key_sent_while_another_was_checked_leaves_the_first_in_use_until_then(
    place: Place,
) -> None:
    place.put(OLD, verify=False)
    place.put(ONE)
    _meanwhile(place, lambda: place.put(TWO))
    place.work(0)
    assert (place.kept[LIVE], place.shown) == (ONE, "…ey-1")
    assert place.outcome is None
    place.models.key_error = ModelAuthFailed()
    place.work(1)
    assert (place.kept, place.shown, place.outcome) == ({LIVE: ONE}, "…ey-1", "refused")


def test_a_key_that_is_kept_unchecked_ends_a_check_that_goes_on(place: Place) -> None:
    place.put(ONE)
    place.put(TWO, verify=False)
    place.work()
    assert place.kept[LIVE] == TWO
    assert place.models.checked == []


def test_a_candidate_that_is_lost_is_told_and_asked_about_nowhere(place: Place) -> None:
    place.put(ONE)
    place.secrets.delete(WORKSPACE, CANDIDATE)
    place.work()
    assert place.outcome == "unchecked"
    assert place.models.checked == []


def test_an_abandoned_check_ends_the_wait_and_leaves_the_key_before(place: Place) -> None:
    place.put(OLD, verify=False)
    place.put(ONE)
    job = parse_step_job(place.jobs.sent[-1])
    assert isinstance(job, ModelKeyJob)
    for _ in range(2):
        abandon_model_key(job, table=place.table, waiter=place.waiter)
    assert (place.outcome, place.kept[LIVE]) == ("unchecked", OLD)


def test_an_abandoned_check_that_is_not_the_last_leaves_the_last_alone(place: Place) -> None:
    place.put(ONE)
    place.put(TWO)
    job = parse_step_job(place.jobs.sent[0])
    assert isinstance(job, ModelKeyJob)
    abandon_model_key(job, table=place.table, waiter=place.waiter)
    assert place.outcome is None


def test_the_reason_of_a_refusal_is_recorded_without_the_key(place: Place) -> None:
    place.models.key_error = ModelAuthFailed(reason="The vendor refused the key (status 401).")
    place.put(ONE)
    place.work()
    found = read_check(WORKSPACE, "openai", table=place.table)
    assert found is not None
    assert found[1] == KeyCheck(
        check=_check(place),
        outcome="refused",
        reason="The vendor refused the key (status 401)."
        ' To keep the key without a test, send "verify": false.',
    )
    assert found[0].expires_at is not None


def _check(place: Place) -> str:
    found = read_check(WORKSPACE, "openai", table=place.table)
    assert found is not None
    return found[1].check


def _meanwhile(place: Place, change: Callable[[], None]) -> None:
    """Have `change` happen while the vendor is asked the next time."""
    asked = place.models.check_key

    async def check_key(vendor: str, key: SecretStr) -> None:
        place.models.check_key = asked  # type: ignore[method-assign]
        await asked(vendor, key)
        change()

    place.models.check_key = check_key  # type: ignore[method-assign]
