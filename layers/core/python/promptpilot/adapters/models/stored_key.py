"""Keys that are among the secrets, of a workspace or of the platform."""

import asyncio
from dataclasses import dataclass

from pydantic import SecretStr

from promptpilot.clock import epoch_ms
from promptpilot.errors import PromptPilotError
from promptpilot.ports.secrets import Secrets
from promptpilot.secret_names import is_secret_name
from promptpilot.step_errors import ModelUnavailable

PLATFORM = "platform"
"""Whose the secrets are that belong to no workspace."""

KEPT_MS = 5_000
"""So that a call seldom waits for a thread; a changed key is used this much later."""

_NONE = SecretStr("")


@dataclass(frozen=True, slots=True)
class _Kept:
    key: SecretStr
    read_at: int
    """Milliseconds since 1970."""
    fresh: bool
    """Whether it was read past what the secrets themselves remember."""

    @property
    def good(self) -> bool:
        return 0 <= epoch_ms() - self.read_at < KEPT_MS


class StoredKey:
    """A `KeySource` that reads one secret, off the event loop; empty where there is none.

    A name that no secret can have, as that of a connection may be, has no key.
    """

    def __init__(self, secrets: Secrets, workspace: str, name: str) -> None:
        self._secrets = secrets
        self._workspace = workspace
        self._name = name
        self._kept: _Kept | None = None

    async def __call__(self) -> SecretStr:
        """The key as it is now, or was a moment ago. Raises `ModelUnavailable`."""
        kept = self._kept
        if kept is None or not kept.good:
            kept = self._kept = await self._read(fresh=False)
        return kept.key

    async def anew(self) -> SecretStr:
        """The key as it is now, for who was refused with the one that is kept. Asked again within
        a moment, it is not read again: a key that is wrong costs no more reads than another.
        """
        kept = self._kept
        if kept is None or not (kept.good and kept.fresh):
            kept = self._kept = await self._read(fresh=True)
        return kept.key

    async def _read(self, *, fresh: bool) -> _Kept:
        if not is_secret_name(self._name):
            return _Kept(_NONE, epoch_ms(), fresh=True)
        try:
            key = await asyncio.to_thread(
                self._secrets.get, self._workspace, self._name, fresh=fresh
            )
        except PromptPilotError as error:
            reason = "The key of the connection cannot be read for now."
            raise ModelUnavailable(reason=reason) from error
        return _Kept(key or _NONE, epoch_ms(), fresh)
