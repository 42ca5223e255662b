"""An OpenAI-compatible server that the operator has named."""

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import ChatCompletions
from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.adapters.models.http.connections import Connections
from promptpilot.adapters.models.http.keys import bearer
from promptpilot.adapters.models.key_order import KeyOrder
from promptpilot.adapters.models.stored_key import PLATFORM, StoredKey
from promptpilot.adapters.models.vendor_client import ToldWithout, VendorClient
from promptpilot.domain.model_key import key_name
from promptpilot.ports.secrets import Secrets
from promptpilot.settings import CustomModels

CUSTOM_VENDOR = "custom"


class CustomServer:
    """The models `custom/<name>/...`. The key is the configured one, or else that of the platform's
    secrets; a server may want none. Raises `Invalid` for a URL that no path can be added to.
    """

    def __init__(self, name: str, models: CustomModels, secrets: Secrets | None) -> None:
        prefix = f"{CUSTOM_VENDOR}/{name}/"
        self._connections = Connections(str(models.base_url), name=prefix)
        self._wire = ChatCompletions(prefix)
        key: SecretStr | StoredKey = models.api_key
        if not key and secrets is not None:
            key = StoredKey(secrets, PLATFORM, key_name(f"{CUSTOM_VENDOR}/{name}"))
        self._keys = KeyOrder(None, key)
        self.client = VendorClient(self._keys, self._client_of)

    async def found(self, path: str) -> bytes:
        """What there is at a path. Raises a `ModelError`."""
        key = await self._keys.first()
        with ToldWithout(key):
            return await self._client_of(key).found(path, {})

    async def close(self) -> None:
        """Close the connections, on whichever event loop they were made."""
        await self._connections.close()

    def _client_of(self, key: SecretStr) -> HttpModelClient:
        return HttpModelClient(self._connections, self._wire, bearer(key))
