"""The key of a connection whose configuration has none: it is among the secrets of the platform."""

import asyncio

from pydantic import SecretStr

from promptpilot.clock import epoch_ms
from promptpilot.errors import PromptPilotError
from promptpilot.ports.secrets import Secrets
from promptpilot.secret_names import is_secret_name
from promptpilot.step_errors import ModelUnavailable

WORKSPACE = "platform"
KEPT_MS = 5_000
"""So that a call seldom waits for a thread; a changed key is used this much later."""

_NONE = SecretStr("")


class StoredKey:
    """A `KeySource` that reads `models/custom/<connection>`, off the event loop.

    A connection whose name no secret can have has no key.
    """

    def __init__(self, secrets: Secrets, connection: str) -> None:
        self._secrets = secrets
        self._name = f"models/custom/{connection}"
        self._kept: tuple[SecretStr, int] | None = None

    async def __call__(self) -> SecretStr:
        """The key as it is now, or was a moment ago. Raises `ModelUnavailable`."""
        kept, now = self._kept, epoch_ms()
        if kept is None or not 0 <= now - kept[1] < KEPT_MS:
            kept = self._kept = (await self._read(), now)
        return kept[0]

    async def _read(self) -> SecretStr:
        if not is_secret_name(self._name):
            return _NONE
        try:
            return await asyncio.to_thread(self._secrets.get, WORKSPACE, self._name) or _NONE
        except PromptPilotError as error:
            reason = "The key of the connection cannot be read for now."
            raise ModelUnavailable(reason=reason) from error
