"""The models that are configured here, by vendor."""

import asyncio
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from promptpilot.adapters.models.chat_completions.wire import openai_compatible
from promptpilot.adapters.models.http.keys import KeySource
from promptpilot.adapters.models.local import (
    LOCAL_CONTEXT_TOKENS,
    LOCAL_MODEL,
    LOCAL_VENDOR,
    LocalClient,
    LocalServer,
)
from promptpilot.adapters.models.stored_key import StoredKey
from promptpilot.clock import now
from promptpilot.domain.model import ModelInfo
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price
from promptpilot.ports.models import ModelClient
from promptpilot.ports.secrets import Secrets
from promptpilot.settings import CustomModels
from promptpilot.step_errors import ModelUnknown

CUSTOM_VENDOR = "custom"
LOCAL_NAME = f"{LOCAL_VENDOR}/{LOCAL_MODEL}"
_SWITCHED_OFF = "It is switched off on this server."


class ModelRegistry:
    """`Models` out of the configuration: `custom/<connection>/<model>` on OpenAI-compatible
    servers, and the model that ships where it runs.

    A connection that is configured without a key takes it from `secrets` when a model is called
    (see `stored_key`). Nothing is imported, connected, started or read before. Raises `Invalid` for
    a connection that cannot work.
    """

    def __init__(
        self,
        custom: Mapping[str, CustomModels],
        local: LocalServer | None = None,
        *,
        secrets: Secrets | None = None,
    ) -> None:
        self._custom = custom
        self._connections = {
            name: openai_compatible(
                str(models.base_url), _key(name, models, secrets), prefix=f"{CUSTOM_VENDOR}/{name}/"
            )
            for name, models in custom.items()
        }
        self._local_server = local
        self._local = LocalClient(local) if local is not None else None
        self._vendors: dict[str, Callable[[str], ModelClient | None]] = {
            LOCAL_VENDOR: lambda model: self._local if model == LOCAL_MODEL else None,
            CUSTOM_VENDOR: lambda model: self._connections.get(model.partition("/")[0]),
        }

    def client(self, model: str, workspace: str) -> ModelClient:
        """The client that serves `model`. Raises `ModelUnknown`, saying what is configured."""
        vendor, _, name = model.partition("/")
        client = self._vendors[vendor](name) if vendor in self._vendors else None
        if client is None:
            reason = f"No model {model!r} is configured; configured are: {self._configured()}."
            raise ModelUnknown(model=model, reason=reason)
        return client

    def profile(self, model: str) -> ModelProfile:
        """A guess."""
        return ModelProfile(listed=False)

    def price(self, model: str) -> Price | None:
        """What `model` costs: nothing on this machine; on a custom server only its owner knows."""
        return _free() if model == LOCAL_NAME else None

    def catalogue(self) -> tuple[ModelInfo, ...]:
        """The model that ships, and every custom model that is listed."""
        reason = self._local_server.unavailable_reason if self._local_server else _SWITCHED_OFF
        local = ModelInfo(
            id=LOCAL_NAME,
            vendor=LOCAL_VENDOR,
            available=reason is None,
            reason=reason,
            context_tokens=LOCAL_CONTEXT_TOKENS,
            price=_free(),
        )
        custom = (
            ModelInfo(id=f"{CUSTOM_VENDOR}/{name}/{model}", vendor=CUSTOM_VENDOR, available=True)
            for name, models in self._custom.items()
            for model in models.models
        )
        return local, *custom

    async def close(self) -> None:
        """Close every connection, on whichever event loop it was made."""
        closings = [client.close() for client in self._connections.values()]
        if self._local is not None:
            closings.append(self._local.close())
        await asyncio.gather(*closings)

    def _configured(self) -> str:
        names = [f"{CUSTOM_VENDOR}/{name}/..." for name in self._connections]
        return ", ".join([*([LOCAL_NAME] if self._local else []), *names]) or "none"


def _key(name: str, models: CustomModels, secrets: Secrets | None) -> SecretStr | KeySource:
    configured = models.api_key
    return configured if configured or secrets is None else StoredKey(secrets, name)


def _free() -> Price:
    """The price of what runs on this machine, as of today."""
    return Price(input_per_million=0.0, output_per_million=0.0, as_of=now().date().isoformat())
