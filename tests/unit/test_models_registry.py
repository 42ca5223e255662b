"""Which models there are, and who serves them."""

import json
import subprocess
import sys

import pytest
from pydantic import SecretStr

from promptpilot.adapters.models.local import LocalEndpoint
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.clock import now
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest
from promptpilot.domain.model_limits import ModelLimit
from promptpilot.domain.permissions import Role
from promptpilot.domain.principal import Principal
from promptpilot.errors import Invalid
from promptpilot.services.models import list_models
from promptpilot.settings import CustomModels, Settings
from promptpilot.step_errors import ModelTimeout, ModelUnavailable, ModelUnknown
from promptpilot.vendor_settings import VendorSettings
from tests.fakes import MemoryTable, ScriptedModels
from tests.handlers.here import MemorySecrets
from tests.live_vendors.cheap_models import CHEAP_MODELS
from tests.scripted_openai import ScriptedOpenAI, hangs

CUSTOM = {
    "fake": CustomModels.model_validate(
        {"base_url": "http://127.0.0.1:9100/v1", "api_key": "x", "models": ["a", "org/b"]}
    ),
    "other": CustomModels.model_validate({"base_url": "http://127.0.0.1:9101/v1"}),
}
LOCAL = "local/smollm2-135m"


class RunningServer:
    """A `LocalServer` whose model is at the given address, or is not available for the reason."""

    def __init__(self, url: str = "http://127.0.0.1:1/v1", reason: str | None = None) -> None:
        self.url = url
        self.unavailable_reason = reason

    async def endpoint(self) -> LocalEndpoint:
        if self.unavailable_reason is not None:
            raise ModelUnavailable(reason=self.unavailable_reason)
        return LocalEndpoint(self.url, SecretStr("local-key"))


def request(model: str, timeout: float = 30.0) -> ModelRequest:
    return ModelRequest(
        model=model, messages=(Message(role="user", content="Hi."),), timeout=timeout
    )


def test_the_catalogue_has_the_local_model_and_every_custom_model_that_is_listed() -> None:
    catalogue = ModelRegistry(CUSTOM, RunningServer()).catalogue()[:3]
    assert [info.id for info in catalogue] == [LOCAL, "custom/fake/a", "custom/fake/org/b"]
    assert [info.vendor for info in catalogue] == ["local", "custom", "custom"]
    assert all(info.available for info in catalogue)


@pytest.mark.parametrize("reason", ["It is still starting.", "It is not installed."])
def test_the_catalogue_says_why_the_local_model_is_not_available(reason: str) -> None:
    local = ModelRegistry({}, RunningServer(reason=reason)).catalogue()[0]
    assert (local.available, local.reason) == (False, reason)


def test_the_catalogue_says_that_the_local_model_is_switched_off() -> None:
    local = ModelRegistry({}, None).catalogue()[0]
    assert not local.available
    assert local.reason == "It is switched off on this server."


def test_the_local_model_is_free_and_the_price_of_a_custom_one_is_unknown() -> None:
    registry = ModelRegistry(CUSTOM, RunningServer())
    free = registry.price(LOCAL)
    assert free is not None
    assert (free.input_per_million, free.output_per_million) == (0, 0)
    assert free.as_of == now().date().isoformat()
    assert registry.price("custom/fake/a") is None
    assert registry.price("openai/anything") is None
    assert [info.price for info in registry.catalogue()[:3]] == [free, None, None]


@pytest.mark.parametrize(
    "model",
    [
        "openai/",
        "openai",
        "acme/gpt-5",
        "custom/nobody/a",
        "custom/a",
        "local/other",
        "local/",
        "nonsense",
        "",
    ],
)
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(model: str) -> None:
    with pytest.raises(ModelUnknown) as raised:
        ModelRegistry(CUSTOM, RunningServer()).client(model, "workspace_1")
    assert raised.value.model == model
    vendors = "openai/..., anthropic/..., google/..., bedrock/..."
    known = f"local/smollm2-135m, custom/fake/..., custom/other/..., {vendors}"
    assert str(raised.value) == f"No model {model!r} is configured; configured are: {known}."


def test_a_local_model_that_is_switched_off_is_unknown() -> None:
    with pytest.raises(ModelUnknown, match="configured are: openai"):
        ModelRegistry({}, None).client(LOCAL, "workspace_1")


async def test_a_custom_model_that_is_not_listed_can_be_called() -> None:
    async with ScriptedOpenAI() as server:
        custom = {"fake": CustomModels.model_validate({"base_url": server.url})}
        registry = ModelRegistry(custom)
        completion = await registry.client("custom/fake/org/c", "workspace_1").complete(
            request("custom/fake/org/c")
        )
        await registry.close()
    assert completion.text == "Hello."
    assert server.received[0].body["model"] == "org/c"


async def test_the_local_model_is_called_where_it_runs_now_with_its_key() -> None:
    async with ScriptedOpenAI() as first, ScriptedOpenAI() as second:
        local = RunningServer(first.url)
        registry = ModelRegistry({}, local)
        client = registry.client(LOCAL, "workspace_1")
        await client.complete(request(LOCAL))
        local.url = second.url  # it died and runs again elsewhere
        for _ in range(2):
            await client.complete(request(LOCAL))
        await registry.close()
    assert [len(first.received), len(second.received)] == [1, 2]
    assert first.received[0].headers["authorization"] == "Bearer local-key"
    assert first.received[0].body["model"] == "smollm2-135m"
    assert second.connections == 1


async def test_a_local_model_that_cannot_start_is_unavailable_with_the_reason() -> None:
    registry = ModelRegistry({}, RunningServer(reason="It is not installed."))
    with pytest.raises(ModelUnavailable, match="not installed"):
        await registry.client(LOCAL, "workspace_1").complete(request(LOCAL))


async def test_a_local_model_that_hangs_is_given_up_after_the_timeout() -> None:
    async with ScriptedOpenAI(hangs) as server:
        registry = ModelRegistry({}, RunningServer(server.url))
        with pytest.raises(ModelTimeout):
            await registry.client(LOCAL, "workspace_1").complete(request(LOCAL, timeout=0.05))
        await registry.close()


def test_a_connection_that_cannot_work_is_refused_at_once() -> None:
    custom = {"bad": CustomModels.model_validate({"base_url": "http://127.0.0.1/v1?version=1"})}
    with pytest.raises(Invalid, match="custom/bad/"):
        ModelRegistry(custom)


def test_listing_models_loads_no_sdk() -> None:
    program = (
        "import sys; from promptpilot.adapters.models.registry import ModelRegistry\n"
        "from promptpilot.settings import CustomModels\n"
        "custom = CustomModels.model_validate({'base_url': 'http://localhost/v1'})\n"
        "registry = ModelRegistry({'fake': custom}); registry.catalogue()\n"
        "registry.client('custom/fake/m', 'workspace_1')\n"
        "sys.exit(any(name in sys.modules for name in ('openai', 'httpx2', 'aiohttp')))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_the_keys_are_in_no_repr() -> None:
    custom = {"fake": CustomModels.model_validate({"base_url": "http://a/", "api_key": "canary"})}
    registry = ModelRegistry(custom, RunningServer())
    assert "canary" not in repr(registry) + repr(vars(registry)) + repr(registry.catalogue())


@pytest.mark.parametrize("role", Role)
def test_every_member_of_a_workspace_may_list_the_models(role: Role) -> None:
    models = ScriptedModels()
    principal = Principal(user="user_1", workspace="ws_1", role=role)
    assert list_models(principal, models=models, table=MemoryTable()) == tuple(models.catalogue())


@pytest.mark.parametrize("model", CHEAP_MODELS.values())
def test_the_models_that_are_asked_live_are_known_and_cost_little(model: str) -> None:
    registry = ModelRegistry({})
    price = registry.price(model)
    assert price is not None
    assert price.output_per_million <= 5
    assert registry.profile(model).listed
    assert registry.profile(model).tools


def test_the_models_of_a_vendor_are_available_to_who_has_a_key() -> None:
    def available(registry: ModelRegistry, *keyed: str) -> set[str]:
        return {each.vendor for each in registry.catalogue(keyed) if each.available}

    everybody = ModelRegistry({}, vendors=Settings.read({"GEMINI_API_KEY": "canary"}))
    assert available(everybody) == {"google"}
    assert available(everybody, "openai") == {"google", "openai"}
    without = {each.reason for each in everybody.catalogue() if each.vendor == "anthropic"}
    assert without == {"There is no key for anthropic."}
    nowhere = {each.reason for each in everybody.catalogue(["bedrock"]) if each.vendor == "bedrock"}
    assert "AWS_REGION" in str(nowhere)


LIMITS = {"openai": ModelLimit(requests_per_minute=500), "custom": ModelLimit(tokens_per_minute=9)}


def limited(secrets: MemorySecrets | None = None) -> ModelRegistry:
    settings = VendorSettings.model_validate(
        {"PROMPTPILOT_MODEL_LIMITS": json.dumps({n: e.model_dump() for n, e in LIMITS.items()})}
    )
    return ModelRegistry({}, None, secrets=secrets, vendors=settings)


async def test_limits_bind_whoever_calls_with_everybodys_key() -> None:
    registry = limited()
    assert await registry.shared_limits("openai/gpt-5", "ws_1") == LIMITS
    assert await registry.shared_limits("custom/fake/m", "ws_1") == LIMITS


async def test_a_workspace_with_a_key_of_its_own_is_bound_by_nobody_elses_limits() -> None:
    secrets = MemorySecrets()
    secrets.put("ws_1", "models/openai", SecretStr("canary"))
    registry = limited(secrets)
    assert await registry.shared_limits("openai/gpt-5", "ws_1") == {}
    assert await registry.shared_limits("openai/gpt-5", "ws_2") == LIMITS
    assert await registry.shared_limits("google/gemini", "ws_1") == LIMITS


async def test_without_limits_no_key_is_read() -> None:
    assert await ModelRegistry({}, None).shared_limits("openai/gpt-5", "ws_1") == {}
