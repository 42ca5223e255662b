"""The models that are configured here, by vendor."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial

from pydantic import SecretStr

from promptpilot.adapters.models.custom import CUSTOM_VENDOR, CustomServer
from promptpilot.adapters.models.list_formats import LIST_FORMATS, OPENAI_COMPATIBLE
from promptpilot.adapters.models.local import (
    LOCAL_CONTEXT_TOKENS,
    LOCAL_MODEL,
    LOCAL_VENDOR,
    LocalClient,
    LocalServer,
)
from promptpilot.adapters.models.model_data import (
    declared_profile,
    known_models,
    price_of,
    profile_of,
)
from promptpilot.adapters.models.model_lists import ModelLists
from promptpilot.adapters.models.vendor_models import VendorModels, vendor_models
from promptpilot.adapters.models.vendors import VENDORS
from promptpilot.clock import now
from promptpilot.domain.model import ModelInfo
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.domain.model_profile import ModelProfile
from promptpilot.domain.price import Price
from promptpilot.ports.models import ModelClient
from promptpilot.ports.secrets import Secrets
from promptpilot.settings import CustomModels
from promptpilot.step_errors import ModelUnknown
from promptpilot.vendor_settings import VendorSettings

LOCAL_NAME = f"{LOCAL_VENDOR}/{LOCAL_MODEL}"
_SWITCHED_OFF = "It is switched off on this server."
_NO_KEY = "There is no key for {vendor}."
_NOTHING_SET = VendorSettings()


class ModelRegistry:
    """`Models` out of the configuration: the vendors, `custom/<connection>/<model>` on
    OpenAI-compatible servers, and the model that ships where it runs.

    Keys are taken from `secrets` when a model is called (see `stored_key`), those of vendors for
    everybody also from the settings. Nothing is imported, connected, started or read before. Raises
    `Invalid` for a connection that cannot work.
    """

    def __init__(
        self,
        custom: Mapping[str, CustomModels],
        local: LocalServer | None = None,
        *,
        secrets: Secrets | None = None,
        vendors: VendorSettings = _NOTHING_SET,
        lists: ModelLists | None = None,
    ) -> None:
        self._custom = custom
        self._lists = lists
        self._connections = {
            name: CustomServer(name, models, secrets) for name, models in custom.items()
        }
        self._local_server = local
        self._local = LocalClient(local) if local is not None else None
        self._keyless: dict[str, Callable[[str], ModelClient | None]] = {
            LOCAL_VENDOR: lambda model: self._local if model == LOCAL_MODEL else None,
            CUSTOM_VENDOR: self._custom_client,
        }
        self._vendors = vendor_models(VENDORS, vendors, secrets)
        self._limits = vendors.model_limits

    def client(self, model: str, workspace: str) -> ModelClient:
        """The client that serves `model`. Raises `ModelUnknown`, saying what is configured."""
        vendor, _, name = model.partition("/")
        if vendor in self._vendors and name:
            return self._vendors[vendor].client(workspace)
        client = self._keyless[vendor](name) if vendor in self._keyless else None
        if client is None:
            reason = f"No model {model!r} is configured; configured are: {self._configured()}."
            raise ModelUnknown(model=model, reason=reason)
        return client

    def profile(self, model: str) -> ModelProfile:
        """What is known of the model, or a guess; of a custom one what its connection declares."""
        declared = self._declared(model)
        profile = declared.profile if declared is not None else None
        return profile_of(model) if profile is None else declared_profile(model, profile)

    def price(self, model: str) -> Price | None:
        """What `model` costs: nothing on this machine; on a custom server only its owner knows."""
        declared = self._declared(model)
        if declared is not None:
            return declared.price
        return _free() if model == LOCAL_NAME else price_of(model)

    def _declared(self, model: str) -> CustomModels | None:
        vendor, _, rest = model.partition("/")
        return self._custom.get(rest.partition("/")[0]) if vendor == CUSTOM_VENDOR else None

    async def shared_limits(self, model: str, workspace: str) -> Mapping[str, ModelLimit]:
        """See `Models.shared_limits`. Keys of custom connections are everybody's."""
        if not self._limits:
            return {}
        vendor = self._vendors.get(model.partition("/")[0])
        has_own_key = vendor is not None and await vendor.client(workspace).has_own_key()
        return {} if has_own_key else self._limits

    @property
    def vendors(self) -> Mapping[str, bool]:
        """See `Models.vendors`."""
        return {name: vendor.for_everybody for name, vendor in self._vendors.items()}

    async def check_key(self, vendor: str, key: SecretStr) -> None:
        """See `Models.check_key`."""
        await self._vendors[vendor].check_key(key)

    def catalogue(self, keyed: Collection[str] = ()) -> tuple[ModelInfo, ...]:
        """The model that ships, every custom model that is listed, and what the vendors have that
        is known, by what ships and, where they are asked, by themselves.
        """
        reason = self._local_server.unavailable_reason if self._local_server else _SWITCHED_OFF
        local = ModelInfo(
            id=LOCAL_NAME,
            vendor=LOCAL_VENDOR,
            available=reason is None,
            reason=reason,
            context_tokens=LOCAL_CONTEXT_TOKENS,
            price=_free(),
            profile=self.profile(LOCAL_NAME),
        )
        names = (
            f"{CUSTOM_VENDOR}/{name}/{model}"
            for name, models in self._custom.items()
            for model in self._custom_names(name, models)
        )
        custom = (
            ModelInfo(
                id=name,
                vendor=CUSTOM_VENDOR,
                available=True,
                context_tokens=self.profile(name).context_tokens,
                price=self.price(name),
                profile=self.profile(name),
            )
            for name in names
        )
        return local, *custom, *self._known(keyed)

    def _known(self, keyed: Collection[str]) -> Iterator[ModelInfo]:
        for name, vendor in self._vendors.items():
            has_key = name in keyed or vendor.for_everybody
            reason = vendor.unreachable or (None if has_key else _NO_KEY.format(vendor=name))
            for model in dict.fromkeys((*known_models(name), *self._told_by(name, vendor))):
                profile = self.profile(model)
                yield ModelInfo(
                    id=model,
                    vendor=name,
                    available=reason is None,
                    reason=reason,
                    context_tokens=profile.context_tokens,
                    price=self.price(model),
                    profile=profile,
                )

    def _told_by(self, name: str, vendor: VendorModels) -> Iterator[str]:
        """The names that the vendor itself lists, where somebody keeps its list up to date."""
        listing = LIST_FORMATS.get(name)
        if self._lists is not None and listing is not None and vendor.for_everybody:
            get = partial(vendor.found, headers=listing.headers)
            yield from (f"{name}/{each}" for each in self._lists.names(name, listing, get))

    def _custom_names(self, name: str, models: CustomModels) -> Iterable[str]:
        if self._lists is None:
            return models.models
        of, server = f"{CUSTOM_VENDOR}/{name}", self._connections[name]
        told = self._lists.names(of, OPENAI_COMPATIBLE, server.found)
        return dict.fromkeys((*models.models, *told))

    async def close(self) -> None:
        """Close every connection, on whichever event loop it was made."""
        if self._lists is not None:
            await self._lists.close()
        closings = [server.close() for server in self._connections.values()]
        closings += [vendor.close() for vendor in self._vendors.values()]
        if self._local is not None:
            closings.append(self._local.close())
        await asyncio.gather(*closings)

    def _custom_client(self, model: str) -> ModelClient | None:
        server = self._connections.get(model.partition("/")[0])
        return None if server is None else server.client

    def _configured(self) -> str:
        local = [LOCAL_NAME] if self._local else []
        custom = [f"{CUSTOM_VENDOR}/{name}/..." for name in self._connections]
        return ", ".join([*local, *custom, *(f"{name}/..." for name in self._vendors)])


def _free() -> Price:
    """The price of what runs on this machine, as of today."""
    return Price(input_per_million=0.0, output_per_million=0.0, as_of=now().date().isoformat())
