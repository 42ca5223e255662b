"""Calling a vendor with the keys of one workspace."""

import asyncio
from collections.abc import Callable

from pydantic import SecretStr

from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.key_order import KeyOrder
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import NO_ATTACHMENTS, Attachments, OnText
from promptpilot.step_errors import ModelAuthFailed, ModelError, ModelTimeout

ClientOf = Callable[[SecretStr], HttpModelClient]
"""The client that presents a key; for an empty one the client that needs none. Raises
`ModelAuthFailed` where there has to be one.
"""


class VendorClient:
    """`ModelClient` that finds a key for every call, so that keys change while it is used.

    When the vendor refuses a key, it may have been replaced a moment ago: it is looked up anew,
    once, and the call is made again with another one.
    """

    def __init__(self, keys: KeyOrder, client_of: ClientOf) -> None:
        self._keys = keys
        self._client_of = client_of
        self._made: tuple[SecretStr, HttpModelClient] | None = None

    async def has_own_key(self) -> bool:
        """Whether the workspace has a key of its own. Raises `ModelUnavailable`."""
        return await self._keys.has_own()

    async def complete(
        self,
        request: ModelRequest,
        *,
        on_text: OnText | None = None,
        attachments: Attachments = NO_ATTACHMENTS,
    ) -> Completion:
        """One answer, within `request.timeout` seconds, reading the key included. Raises a
        `ModelError`.
        """
        try:
            async with asyncio.timeout(request.timeout):
                key = await self._keys.first()
                try:
                    return await self._call(key, request, on_text, attachments)
                except ModelAuthFailed:
                    other = await self._keys.other_than(key)
                    if other is None:
                        raise
                return await self._call(other, request, on_text, attachments)
        except TimeoutError as error:
            raise ModelTimeout(reason=f"No answer within {request.timeout:g} seconds.") from error

    async def _call(
        self,
        key: SecretStr,
        request: ModelRequest,
        on_text: OnText | None,
        attachments: Attachments,
    ) -> Completion:
        client = self._client(key)
        with ToldWithout(key):
            return await client.answer(request, on_text, attachments)

    def _client(self, key: SecretStr) -> HttpModelClient:
        """The client that was made last, as long as the key is still the same object."""
        made = self._made
        if made is None or made[0] is not key:
            made = self._made = key, self._client_of(key)
        return made[1]


class ToldWithout:
    """What a vendor calls a code or a field, and an error therefore names, may be the key: what
    leaves the block does not have it.
    """

    __slots__ = ("_key",)

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        key = self._key
        if isinstance(error, ModelError) and key and key.get_secret_value() in error.reason:
            error.reason = type(error).reason
