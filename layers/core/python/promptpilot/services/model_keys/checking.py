"""What a worker does with a key that is to be checked.

The check's record decides who wins: the newest check, or a deletion, which removes it. A job that
comes again does all of it again, or finds that its outcome stands.
"""

import asyncio
import logging
from dataclasses import dataclass

from pydantic import SecretStr

from promptpilot.domain.model_key import candidate_name, key_name
from promptpilot.domain.step_job import ModelKeyJob
from promptpilot.errors import ConditionFailed
from promptpilot.ports.models import Models
from promptpilot.ports.offload import Offload
from promptpilot.ports.secrets import Secrets
from promptpilot.ports.table import Item, Replace, Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.model_keys.candidates import Candidate
from promptpilot.services.model_keys.records import (
    KeyCheck,
    kept_key,
    kept_operations,
    new_kept_key,
    read_check,
)
from promptpilot.step_errors import ModelAuthFailed, ModelError

FIND_SECONDS = (0.0, 0.2, 1.0, 3.0)
"""Pauses before looking for the candidate: a secret of another process may take a moment."""

UNTESTED = ' To keep the key without a test, send "verify": false.'
LOST = "The key was lost before it could be tested. Send it again."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckPorts:
    """The ports that checking a key needs."""

    models: Models
    secrets: Secrets
    table: Table
    waiter: Waiter
    offload: Offload


async def check_model_key(job: ModelKeyJob, ports: CheckPorts) -> None:
    """Ask the vendor about the candidate; keep it where it is taken, and record what came of it.

    Raises `Unavailable` where the job is to come again.
    """
    found = await ports.offload(read_check, job.workspace, job.vendor, table=ports.table)
    if found is None or found[1].check != job.check:
        logger.info("key check dropped: there is a newer one, or none", extra={"check": job.check})
        return
    item, check = found
    if check.outcome is None:
        key = await _candidate(job, ports)
        check = await _checked(job, key, ports)
        await ports.offload(_record, job, item, check, key, ports)
    await ports.offload(_forget_candidate, job, ports)
    ports.waiter.announce(job.check)


def abandon_model_key(job: ModelKeyJob, *, table: Table, waiter: Waiter) -> None:
    """Record that nobody could test the key, so that nobody waits any longer."""
    found = read_check(job.workspace, job.vendor, table=table)
    if found is not None and found[1].check == job.check and found[1].outcome is None:
        given_up = KeyCheck(check=job.check, outcome="unchecked", reason=LOST)
        table.write([Replace(found[0].next(given_up.model_dump_json()))])
    waiter.announce(job.check)


async def _candidate(job: ModelKeyJob, ports: CheckPorts) -> SecretStr | None:
    name = candidate_name(job.vendor)
    for pause in FIND_SECONDS:
        await asyncio.sleep(pause)
        secret = await ports.offload(ports.secrets.get, job.workspace, name, fresh=True)
        candidate = None if secret is None else Candidate.of(secret)
        if candidate is not None and candidate.check == job.check:
            return candidate.key
    return None


async def _checked(job: ModelKeyJob, key: SecretStr | None, ports: CheckPorts) -> KeyCheck:
    if key is None:
        return KeyCheck(check=job.check, outcome="unchecked", reason=LOST)
    try:
        await ports.models.check_key(job.vendor, key)
    except ModelAuthFailed as error:
        return KeyCheck(check=job.check, outcome="refused", reason=f"{error}{UNTESTED}")
    except ModelError as error:
        reason = f"{job.vendor} cannot be asked about the key now: {error}{UNTESTED}"
        return KeyCheck(check=job.check, outcome="unchecked", reason=reason)
    return KeyCheck(check=job.check, outcome="kept")


def _record(
    job: ModelKeyJob, item: Item, check: KeyCheck, key: SecretStr | None, ports: CheckPorts
) -> None:
    outcome = Replace(item.next(check.model_dump_json()))
    if check.outcome != "kept" or key is None:
        _write_outcome(outcome, ports.table)
        return
    ports.secrets.put(job.workspace, key_name(job.vendor), key)
    kept = kept_operations(job.workspace, new_kept_key(job.vendor, key, job.user, verified=True))
    try:
        ports.table.write([outcome, *kept])
    except ConditionFailed:
        if kept_key(job.workspace, job.vendor, table=ports.table) is None:
            ports.secrets.delete(job.workspace, key_name(job.vendor))  # deleted meanwhile
        else:
            ports.table.write(kept)  # until the newer check has ended, this is the key in use


def _write_outcome(outcome: Replace, table: Table) -> None:
    try:
        table.write([outcome])
    except ConditionFailed:
        logger.info("key check superseded")


def _forget_candidate(job: ModelKeyJob, ports: CheckPorts) -> None:
    """Unless it is the candidate of a newer check by now."""
    name = candidate_name(job.vendor)
    secret = ports.secrets.get(job.workspace, name, fresh=True)
    if secret is not None and Candidate.of(secret).check == job.check:
        ports.secrets.delete(job.workspace, name)
