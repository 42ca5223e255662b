"""What is stored of the keys of models, which is never a key: those are among the secrets.

What is known of a key and the key itself are two writes. The key's comes first, and a check that is
repeated makes both again; so the worst that a crash leaves is a key in use of which nothing is
told, until the job that was cut off comes again.
"""

from secrets import randbits
from typing import Literal

from pydantic import SecretStr

from promptpilot import keys
from promptpilot.clock import epoch_ms, now
from promptpilot.domain.base import Model
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.model_key import KeptModelKey, masked
from promptpilot.ports.table import Create, Item, Put, Table
from promptpilot.services.outbox import outbox

KIND = "model_key"
CHECK_KIND = "model_key_check"
CHECK_KEPT_SECONDS = 24 * 3600
REVISION_BITS = 62
"""As many as every store has room for, with some writes to come."""

Outcome = Literal["kept", "refused", "unchecked"]


class KeyCheck(Model):
    """The last check of a key for one vendor; without an `outcome` it goes on."""

    check: str
    outcome: Outcome | None = None
    reason: str = ""


def kept_keys(workspace: str, *, table: Table) -> dict[str, KeptModelKey]:
    """What is known of the workspace's own keys, by vendor."""
    page = table.query(keys.model_key(workspace).partition)
    kept = (KeptModelKey.model_validate_json(item.body) for item in page.items)
    return {each.vendor: each for each in kept}


def kept_key(workspace: str, vendor: str, *, table: Table) -> KeptModelKey | None:
    """What is known of the workspace's own key for that vendor."""
    item = table.get(keys.model_key(workspace, vendor))
    return None if item is None else KeptModelKey.model_validate_json(item.body)


def new_kept_key(vendor: str, key: SecretStr, user: str, *, verified: bool) -> KeptModelKey:
    """What is told of a key that is kept from now on."""
    return KeptModelKey(
        vendor=vendor, masked=masked(key), verified=verified, set_by=user, set_at=now()
    )


def kept_operations(workspace: str, kept: KeptModelKey) -> list[Put | Create]:
    """The operations that tell of a key that is kept from now on."""
    key = keys.model_key(workspace, kept.vendor)
    event = key_event(workspace, kept.set_by, kept.vendor, "set", verified=kept.verified)
    return [Put(Item(key=key, kind=KIND, body=kept.model_dump_json())), outbox(event)]


def key_event(
    workspace: str, user: str, vendor: str, change: Literal["set", "deleted"], **more: bool
) -> Event:
    """The event that tells that a key has changed."""
    return Event.of(
        EventType.WORKSPACE_MODEL_KEY_CHANGED,
        workspace=workspace,
        actor=user,
        subject=workspace,
        vendor=vendor,
        change=change,
        **more,
    )


def check_item(workspace: str, vendor: str, check: KeyCheck) -> Item:
    """The check as it is stored, for a day. It takes the place of any other, and is none of its
    revisions: who replaces the other must fail.
    """
    return Item(
        revision=randbits(REVISION_BITS),
        key=keys.model_key_check(workspace, vendor),
        kind=CHECK_KIND,
        body=check.model_dump_json(),
        expires_at=epoch_ms() // 1000 + CHECK_KEPT_SECONDS,
    )


def read_check(workspace: str, vendor: str, *, table: Table) -> tuple[Item, KeyCheck] | None:
    """The last check for that vendor, if it was no longer ago than a day."""
    item = table.get(keys.model_key_check(workspace, vendor))
    return None if item is None else (item, KeyCheck.model_validate_json(item.body))
