"""Setting and deleting the keys of a workspace. Vendors are not called from here, but by a worker,
as everything that calls models is.
"""

from pydantic import SecretStr

from promptpilot import keys
from promptpilot.domain.ids import new_id
from promptpilot.domain.model_key import ModelKey, NewModelKey, candidate_name, key_name
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.domain.step_job import ModelKeyJob
from promptpilot.errors import Conflict, ModelKeyRefused, ModelKeyUnchecked
from promptpilot.ports.models import Models
from promptpilot.ports.secrets import Secrets
from promptpilot.ports.step_queue import StepQueue
from promptpilot.ports.table import Delete, Put, Table
from promptpilot.ports.waiter import Waiter
from promptpilot.services.model_keys.candidates import Candidate
from promptpilot.services.model_keys.listing import get_model_key, require_vendor
from promptpilot.services.model_keys.records import (
    KeyCheck,
    check_item,
    kept_key,
    kept_operations,
    key_event,
    new_kept_key,
    read_check,
)
from promptpilot.services.outbox import outbox

WAIT_SECONDS = 20.0
"""How long the caller is kept waiting: API Gateway gives up after 30 s."""


def put_model_key(
    principal: Principal,
    vendor: str,
    new: NewModelKey,
    *,
    models: Models,
    secrets: Secrets,
    table: Table,
    step_queue: StepQueue,
    waiter: Waiter,
) -> ModelKey:
    """Keep a key for that vendor once the vendor takes it; until then the one before is used.

    Raises `NotFound`, `Forbidden`; `ModelKeyRefused`; `ModelKeyUnchecked` where nobody can tell in
    `WAIT_SECONDS`; `Conflict` where somebody else changes the key meanwhile. On each of these
    nothing has changed, but for a check that takes longer, which goes on.
    """
    principal.require(Action.MODEL_KEY_WRITE)
    require_vendor(vendor, models)
    if new.verify:
        check = _begin_check(
            principal, vendor, new.key, secrets=secrets, table=table, step_queue=step_queue
        )
        _await_kept(principal.workspace, vendor, check, table=table, waiter=waiter)
    else:
        _keep_unchecked(principal, vendor, new.key, secrets, table)
    return get_model_key(principal, vendor, models=models, table=table)


def delete_model_key(
    principal: Principal, vendor: str, *, models: Models, secrets: Secrets, table: Table
) -> ModelKey:
    """Forget the workspace's key for that vendor, and one that is being checked; none is fine.

    From then on everybody's key is used where there is one. Raises `NotFound`, `Forbidden`.
    """
    principal.require(Action.MODEL_KEY_WRITE)
    require_vendor(vendor, models)
    workspace = principal.workspace
    known = kept_key(workspace, vendor, table=table)
    secrets.delete(workspace, key_name(vendor))
    secrets.delete(workspace, candidate_name(vendor))
    gone = [
        Delete(keys.model_key(workspace, vendor)),
        Delete(keys.model_key_check(workspace, vendor)),
    ]
    event = key_event(workspace, principal.user, vendor, "deleted")
    table.write([*gone, outbox(event)] if known else gone)
    return get_model_key(principal, vendor, models=models, table=table)


def _keep_unchecked(
    principal: Principal, vendor: str, key: SecretStr, secrets: Secrets, table: Table
) -> None:
    workspace = principal.workspace
    secrets.put(workspace, key_name(vendor), key)
    kept = new_kept_key(vendor, key, principal.user, verified=False)
    # A check that still goes on is of a key that nobody wants any more.
    ended = Delete(keys.model_key_check(workspace, vendor))
    table.write([ended, *kept_operations(workspace, kept)])


def _begin_check(
    principal: Principal,
    vendor: str,
    key: SecretStr,
    *,
    secrets: Secrets,
    table: Table,
    step_queue: StepQueue,
) -> str:
    """Have a worker check the key; returns the id of the check."""
    workspace, check = principal.workspace, new_id("check")
    secrets.put(workspace, candidate_name(vendor), Candidate(check, key).secret)
    table.write([Put(check_item(workspace, vendor, KeyCheck(check=check)))])
    job = ModelKeyJob(workspace=workspace, vendor=vendor, check=check, user=principal.user)
    step_queue.send(job.model_dump_json())
    return check


def _await_kept(workspace: str, vendor: str, check: str, *, table: Table, waiter: Waiter) -> None:
    def is_open() -> bool:
        found = read_check(workspace, vendor, table=table)
        return found is not None and found[1] == KeyCheck(check=check)

    if not waiter.wait(check, lambda: not is_open(), WAIT_SECONDS):
        reason = f"{vendor} has not answered within {WAIT_SECONDS:.0f} s; the check goes on."
        raise ModelKeyUnchecked(reason=reason, vendor=vendor)
    found = read_check(workspace, vendor, table=table)
    if found is None or found[1].check != check:
        raise Conflict(reason=f"Somebody else has just changed the key for {vendor}.")
    outcome, reason = found[1].outcome, found[1].reason
    if outcome == "refused":
        raise ModelKeyRefused(reason=reason, vendor=vendor)
    if outcome == "unchecked":
        raise ModelKeyUnchecked(reason=reason, vendor=vendor)
