"""One vendor as it is configured here: its connections, its format, and who calls it."""

import asyncio
from collections.abc import Mapping
from functools import cached_property

from pydantic import SecretStr

from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.wire import Authorize, Wire
from promptpilot.adapters.models.key_order import KeyOrder
from promptpilot.adapters.models.stored_key import PLATFORM, StoredKey
from promptpilot.adapters.models.vendor_client import ToldWithout, VendorClient
from promptpilot.adapters.models.vendors import Vendor
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest, Settings
from promptpilot.domain.model_key import key_name
from promptpilot.ports.secrets import Secrets
from promptpilot.step_errors import ModelAuthFailed, ModelTimeout, ModelUnavailable
from promptpilot.vendor_settings import VendorSettings

CHECK_SECONDS = 10.0
KEPT_CLIENTS = 1_000
"""By workspace; the oldest goes first, and with it no more than a key that was read."""


class VendorModels:
    """The models of one vendor, for all workspaces over the same connections.

    Nothing is imported, connected or read before a model is called.
    """

    def __init__(self, vendor: Vendor, settings: VendorSettings, secrets: Secrets | None) -> None:
        self._vendor = vendor
        self._settings = settings
        self._secrets = secrets
        self._clients: dict[str, VendorClient] = {}
        self._everybodys = self._key_for_everybody()
        url = settings.urls[vendor.name]
        self._elsewhere = None if url is None else Connections(str(url), name=vendor.prefix)

    @property
    def for_everybody(self) -> bool:
        """Whether there is a key for who has none of their own; none is read to tell."""
        return self._signs or isinstance(self._everybodys, StoredKey) or bool(self._everybodys)

    @property
    def unreachable(self) -> str | None:
        """Why nobody can call it here."""
        if not self._vendor.regional or self._elsewhere or self._settings.region:
            return None
        return f"This server does not know in which region {self._vendor.name} is: set AWS_REGION."

    def client(self, workspace: str) -> VendorClient:
        """Calls it with the workspace's key, or else everybody's."""
        known = self._clients.get(workspace)
        if known is None:
            while len(self._clients) >= KEPT_CLIENTS:
                del self._clients[next(iter(self._clients))]
            known = self._clients[workspace] = VendorClient(self._keys(workspace), self._client_of)
        return known

    async def check_key(self, key: SecretStr) -> None:
        """Make the cheapest call there is. Raises `ModelAuthFailed`, or any other `ModelError`
        where the answer says nothing of the key.
        """
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                with ToldWithout(key):
                    await self._check(self._client_of(key))
        except self._vendor.check.passed:
            return
        except TimeoutError as error:
            raise ModelTimeout(reason=f"No answer within {CHECK_SECONDS:g} seconds.") from error

    async def close(self) -> None:
        """Close the connections, on whichever event loop they were made."""
        made: Connections | None = self._elsewhere or vars(self).get("_connections")
        if made is not None:
            await made.close()

    @cached_property
    def _wire(self) -> Wire:
        return self._vendor.wire()

    async def _check(self, client: HttpModelClient) -> None:
        check = self._vendor.check
        if check.model:
            await client.complete(_shortest(f"{self._vendor.prefix}{check.model}"))
            return
        await client.found(check.path, check.headers)

    async def found(self, path: str, headers: Mapping[str, str]) -> bytes:
        """What there is at a path, for whoever has everybody's key. Raises a `ModelError`."""
        key = await KeyOrder(None, self._everybodys).first()
        with ToldWithout(key):
            return await self._client_of(key).found(path, headers)

    def _client_of(self, key: SecretStr) -> HttpModelClient:
        authorize = self._vendor.authorize(key) if key else self._without_key()
        return HttpModelClient(self._reachable(), self._wire, authorize)

    def _without_key(self) -> Authorize:
        if self._signs:
            return self._signature
        vendor = self._vendor
        raise ModelAuthFailed(
            reason=f"No key for {vendor.name}: an admin of the workspace can put one with PUT"
            f" /workspace/model-keys/{vendor.name}, or whoever runs this server one for everybody"
            f" with {vendor.variable}."
        )

    @property
    def _signs(self) -> bool:
        return self._vendor.sign is not None and self._settings.aws_credentials

    @cached_property
    def _signature(self) -> Authorize:
        assert self._vendor.sign is not None
        return self._vendor.sign(self._settings.region)

    def _keys(self, workspace: str) -> KeyOrder:
        own = None
        if self._secrets is not None:
            own = StoredKey(self._secrets, workspace, key_name(self._vendor.name))
        return KeyOrder(own, self._everybodys)

    def _key_for_everybody(self) -> StoredKey | SecretStr:
        name = self._vendor.name
        key = self._settings.keys[name]
        if not key and name in self._settings.platform_keys and self._secrets is not None:
            return StoredKey(self._secrets, PLATFORM, key_name(name))
        return key

    @cached_property
    def _connections(self) -> Connections:
        if self._elsewhere is not None:
            return self._elsewhere
        usual = self._vendor.base_url(self._settings.region)
        return Connections(usual, name=self._vendor.prefix)

    def _reachable(self) -> Connections:
        if self.unreachable is not None:
            raise ModelUnavailable(reason=self.unreachable)
        return self._connections


def _shortest(model: str) -> ModelRequest:
    return ModelRequest(
        model=model,
        messages=(Message(role="user", content="1"),),
        settings=Settings(max_tokens=1),
        timeout=CHECK_SECONDS,
    )


def vendor_models(
    vendors: Mapping[str, Vendor], settings: VendorSettings, secrets: Secrets | None
) -> Mapping[str, VendorModels]:
    """All vendors by name. Raises `Invalid` for a base URL that no path can be added to."""
    return {name: VendorModels(vendor, settings, secrets) for name, vendor in vendors.items()}
