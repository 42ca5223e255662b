"""The keys of a workspace for the vendors of models: what is known of them, never a key itself."""

from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr

from promptpilot.domain.base import Model, Timestamp

MIN_KEY = 8
MAX_KEY = 2_000
"""In characters. A secret has room for more, of which a key that is being checked takes some."""

SHOWN = 4
SHORT_KEY = 16
"""Of a key shorter than this nothing is shown: four characters would be too much of it."""

KeySource = Literal["workspace", "platform", "none"]


def _usable(key: SecretStr) -> SecretStr:
    plain = key.get_secret_value().strip()
    if not MIN_KEY <= len(plain) <= MAX_KEY:
        message = f"A key has {MIN_KEY} to {MAX_KEY} characters."
        raise ValueError(message)
    if not (plain.isascii() and plain.isprintable()) or " " in plain or "{{" in plain:
        message = "The key has characters that no key can have."
        raise ValueError(message)
    return SecretStr(plain)


UsableKey = Annotated[SecretStr, AfterValidator(_usable)]
"""A key that a header can carry, without the spaces around it. What is wrong is told without it."""


class NewModelKey(Model):
    """A key to be kept. With `verify` it is kept only when its vendor takes it."""

    key: UsableKey
    verify: bool = True


class KeptModelKey(Model):
    """What is known of a key that is kept. `verified` says whether its vendor has taken it."""

    vendor: str
    masked: str
    verified: bool
    set_by: str
    set_at: Timestamp


class ModelKey(Model):
    """Where the key of a vendor comes from, and what is known of it where it is the workspace's."""

    vendor: str
    source: KeySource
    masked: str | None = None
    verified: bool | None = None
    set_by: str | None = None
    set_at: Timestamp | None = None


def masked(key: SecretStr) -> str:
    """The end of a key, to tell it from others by."""
    plain = key.get_secret_value()
    return "…" if len(plain) < SHORT_KEY else f"…{plain[-SHOWN:]}"


def key_name(vendor: str) -> str:
    """The name of the secret that holds the key of a workspace, or of the platform."""
    return f"models/{vendor}"


def candidate_name(vendor: str) -> str:
    """The name of the secret that holds a key while it is checked."""
    return f"models/candidates/{vendor}"
