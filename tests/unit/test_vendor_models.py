"""Calling vendors with the keys of workspaces: whose key is used, and what follows a refusal."""

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr

from promptpilot import clock as product_clock
from promptpilot.adapters.models import vendor_models as module
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.adapters.models.vendor_models import VendorModels
from promptpilot.adapters.models.vendors import VENDORS
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest
from promptpilot.errors import PromptPilotError, StoreUnavailable
from promptpilot.settings import Settings
from promptpilot.step_errors import ModelAuthFailed, ModelError, ModelTimeout, ModelUnavailable
from tests.contract.hand_clock import HandClock
from tests.scripted_openai import (
    Behaviour,
    Received,
    ScriptedOpenAI,
    hangs,
    hangs_up,
    replies,
    says,
)

OWN, PLATFORMS, NEW = "canary-own", "canary-platform", "canary-new"
# OpenAI's name and address with a format that the scripted server speaks.
VENDOR = replace(VENDORS["openai"], format="chat_completions.wire:ChatCompletions")


class Vault:
    """`Secrets` to read, which remembers an answer as long as nobody asks for a fresh one."""

    def __init__(self, values: Mapping[tuple[str, str], str] | None = None) -> None:
        self.values = dict(values or {})
        self.remembered: dict[tuple[str, str], str | None] = {}
        self.error: PromptPilotError | None = None
        self.fresh_reads = 0
        self.threads: set[int] = set()

    def get(self, workspace: str, name: str, *, fresh: bool = False) -> SecretStr | None:
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        place = workspace, name
        self.fresh_reads += fresh
        if fresh or place not in self.remembered:
            self.remembered[place] = self.values.get(place)
        value = self.remembered[place]
        return None if value is None else SecretStr(value)

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        raise AssertionError(name)

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        raise AssertionError(name)

    def delete(self, workspace: str, name: str) -> None:
        raise AssertionError(name)


def takes(*keys: str, otherwise: int = 401) -> Behaviour:
    """Answer those who come with one of the keys."""

    async def behave(received: Received, transport: object) -> None:
        key = received.headers.get("authorization", "").removeprefix("Bearer ")
        chosen = says() if key in keys else replies(otherwise, {"error": {"message": f"Not {key}"}})
        await chosen(received, transport)  # type: ignore[arg-type]

    return behave


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hands = HandClock(1_800_000_000)
    monkeypatch.setattr(product_clock, "time", hands)
    return hands


@pytest.fixture
async def server(clock: HandClock) -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI(takes(OWN, PLATFORMS, NEW)) as server:
        yield server


def models(server: ScriptedOpenAI, vault: Vault | None = None, **environ: str) -> VendorModels:
    settings = Settings.read({"OPENAI_BASE_URL": server.url, **environ})
    return VendorModels(VENDOR, settings, vault)


async def call(vendor: VendorModels, workspace: str = "ws_1", seconds: float = 30) -> str:
    request = ModelRequest(
        model="openai/m", messages=(Message(role="user", content="Hi."),), timeout=seconds
    )
    return (await vendor.client(workspace).complete(request)).text


def keys_seen(server: ScriptedOpenAI) -> list[str]:
    seen = (each.headers.get("authorization", "") for each in server.received)
    return [each.removeprefix("Bearer ") for each in seen]


async def test_a_workspaces_own_key_comes_before_everybodys(server: ScriptedOpenAI) -> None:
    vendor = models(server, Vault({("ws_1", "models/openai"): OWN}), OPENAI_API_KEY=PLATFORMS)
    await call(vendor, "ws_1")
    await call(vendor, "ws_2")
    assert keys_seen(server) == [OWN, PLATFORMS]
    await vendor.close()


async def test_workspaces_share_the_connections_and_no_key(server: ScriptedOpenAI) -> None:
    own = {(f"ws_{number}", "models/openai"): f"{OWN}-{number}" for number in range(5)}
    server.behave = takes(*own.values())
    vendor = models(server, Vault(own))
    for workspace, _ in own:
        await call(vendor, workspace)
    assert keys_seen(server) == list(own.values())
    assert server.connections == 1
    await vendor.close()


async def test_everybodys_key_is_a_secret_where_the_operator_says_so(
    server: ScriptedOpenAI,
) -> None:
    vault = Vault({("platform", "models/openai"): PLATFORMS})
    vendor = models(server, vault, PROMPTPILOT_PLATFORM_KEYS="openai, google")
    await call(vendor)
    assert keys_seen(server) == [PLATFORMS]
    unsaid = models(server, vault)
    with pytest.raises(ModelAuthFailed):
        await call(unsaid)
    assert (vendor.for_everybody, unsaid.for_everybody) == (True, False)
    await vendor.close()


async def test_without_any_key_nobody_is_called_and_it_is_told_what_to_do(
    server: ScriptedOpenAI,
) -> None:
    with pytest.raises(ModelAuthFailed) as raised:
        await call(models(server, Vault()))
    assert str(raised.value) == (
        "No key for openai: an admin of the workspace can put one with PUT"
        " /workspace/model-keys/openai, or whoever runs this server one for everybody with"
        " OPENAI_API_KEY."
    )
    assert server.received == []


async def test_a_replaced_key_is_used_as_soon_as_the_old_one_is_refused(
    server: ScriptedOpenAI,
) -> None:
    vault = Vault({("ws_1", "models/openai"): OWN})
    vendor = models(server, vault)
    await call(vendor)
    vault.values["ws_1", "models/openai"] = NEW
    server.behave = takes(NEW)
    assert await call(vendor) == "Hello."
    assert keys_seen(server) == [OWN, OWN, NEW]
    assert threading.get_ident() not in vault.threads
    await vendor.close()


async def test_a_replaced_key_is_used_after_seconds_in_any_case(
    server: ScriptedOpenAI, clock: HandClock
) -> None:
    vault = Vault({("ws_1", "models/openai"): OWN})
    vendor = models(server, vault)
    await call(vendor)
    vault.values["ws_1", "models/openai"] = NEW
    vault.remembered.clear()
    await call(vendor)
    clock.let_pass(5)
    await call(vendor)
    assert keys_seen(server) == [OWN, OWN, NEW]
    await vendor.close()


async def test_a_key_that_stays_wrong_is_told_and_not_read_again_at_every_call(
    server: ScriptedOpenAI, clock: HandClock
) -> None:
    server.behave = takes()
    vault = Vault({("ws_1", "models/openai"): OWN})
    vendor = models(server, vault, OPENAI_API_KEY=PLATFORMS)
    for _ in range(4):
        with pytest.raises(ModelAuthFailed) as raised:
            await call(vendor)
        assert OWN not in str(raised.value)
    assert vault.fresh_reads == 1
    assert keys_seen(server) == [OWN] * 4  # everybody's is not for a workspace with its own
    clock.let_pass(5)
    with pytest.raises(ModelAuthFailed):
        await call(vendor)
    assert vault.fresh_reads == 2
    await vendor.close()


async def test_a_deleted_key_gives_way_to_everybodys_once_it_is_refused(
    server: ScriptedOpenAI,
) -> None:
    vault = Vault({("ws_1", "models/openai"): OWN})
    vendor = models(server, vault, OPENAI_API_KEY=PLATFORMS)
    await call(vendor)
    vault.values.clear()
    server.behave = takes(PLATFORMS)
    await call(vendor)
    assert keys_seen(server) == [OWN, OWN, PLATFORMS]
    await vendor.close()


async def test_keys_that_cannot_be_read_make_the_model_unavailable_for_now(
    server: ScriptedOpenAI,
) -> None:
    vault = Vault({("ws_1", "models/openai"): OWN})
    vault.error = StoreUnavailable()
    vendor = models(server, vault, OPENAI_API_KEY=PLATFORMS)
    with pytest.raises(ModelUnavailable):
        await call(vendor)
    assert server.received == []
    vault.error = None
    await call(vendor)
    await vendor.close()


@pytest.mark.parametrize("place", ["code", "type", "param"])
async def test_a_key_that_is_echoed_where_errors_have_a_code_is_not_told(
    server: ScriptedOpenAI, place: str
) -> None:
    key = "canary_key_of_letters"
    server.behave = replies(400, {"error": {"message": "No.", place: key}})
    vendor = models(server, OPENAI_API_KEY=key)
    with pytest.raises(ModelError) as raised:
        await call(vendor)
    assert key not in str(raised.value) + repr(raised.value)
    await vendor.close()


async def test_the_whole_call_keeps_to_its_time(server: ScriptedOpenAI) -> None:
    server.behave = hangs
    vendor = models(server, OPENAI_API_KEY=PLATFORMS)
    with pytest.raises(ModelTimeout):
        await call(vendor, seconds=0.05)
    await vendor.close()


async def test_pieces_are_heard_from_the_call_that_succeeds(server: ScriptedOpenAI) -> None:
    vault = Vault({("ws_1", "models/openai"): OWN})
    vendor = models(server, vault)
    await call(vendor)
    vault.values["ws_1", "models/openai"] = NEW
    server.behave = takes(NEW)
    heard: list[str] = []
    request = ModelRequest(
        model="openai/m", messages=(Message(role="user", content="Hi."),), timeout=30
    )
    await vendor.client("ws_1").complete(request, on_text=heard.append)
    assert "".join(heard) == "Hello."
    await vendor.close()


async def test_of_many_workspaces_those_seen_first_are_forgotten_first(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_CLIENTS", 2)
    vendor = models(server, Vault({("ws_1", "models/openai"): OWN}))
    first = vendor.client("ws_1")
    assert vendor.client("ws_1") is first
    vendor.client("ws_2")
    vendor.client("ws_3")
    assert vendor.client("ws_1") is not first
    await call(vendor, "ws_1")
    await vendor.close()


CHECKS = {
    "openai": ("/models", "authorization", f"Bearer {OWN}"),
    "anthropic": ("/v1/models?limit=1", "x-api-key", OWN),
    "google": ("/v1beta/models?pageSize=1", "x-goog-api-key", OWN),
}


@pytest.mark.parametrize("name", sorted(CHECKS))
async def test_a_key_is_checked_by_asking_for_the_list_of_models(name: str) -> None:
    path, header, value = CHECKS[name]
    vendor = replace(VENDORS[name], format=VENDOR.format)
    async with ScriptedOpenAI(replies(200, {"data": []})) as server:
        url = {"google": "GEMINI"}.get(name, name.upper()) + "_BASE_URL"
        checked = VendorModels(vendor, Settings.read({url: server.url}), None)
        await checked.check_key(SecretStr(OWN))
        await checked.close()
    (received,) = server.received
    assert received.target == f"/v1{path}"
    assert received.headers[header] == value
    assert received.raw_body == b""


async def test_a_key_for_bedrock_is_checked_by_an_answer_of_one_token() -> None:
    answer = {
        "output": {"message": {"role": "assistant", "content": [{"text": "1"}]}},
        "stopReason": "max_tokens",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    }
    async with ScriptedOpenAI(replies(200, answer)) as server:
        settings = Settings.read({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url})
        checked = VendorModels(VENDORS["bedrock"], settings, None)
        await checked.check_key(SecretStr(OWN))
        await checked.close()
    (received,) = server.received
    assert received.target.endswith("/model/amazon.nova-micro-v1%3A0/converse")
    assert received.headers["authorization"] == f"Bearer {OWN}"
    assert received.body["inferenceConfig"] == {"maxTokens": 1}


BEDROCKS = {"x-amzn-errortype": "ValidationException"}


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (replies(400, {"message": "Not on demand."}, headers=BEDROCKS), None),
        (replies(404, {}, headers={"x-amzn-errortype": "ResourceNotFoundException"}), None),
        (replies(429, {}, headers={"x-amzn-errortype": "ThrottlingException"}), None),
        (
            replies(403, {}, headers={"x-amzn-errortype": "UnrecognizedClientException"}),
            ModelAuthFailed,
        ),
        (replies(500, {}), ModelUnavailable),
    ],
)
async def test_who_gets_past_the_door_of_bedrock_has_a_good_key(
    behave: Behaviour, error: type[ModelError] | None
) -> None:
    async with ScriptedOpenAI(behave) as server:
        settings = Settings.read({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url})
        checked = VendorModels(VENDORS["bedrock"], settings, None)
        with raises(error):
            await checked.check_key(SecretStr(OWN))
        await checked.close()


@contextmanager
def raises(error: type[Exception] | None) -> Iterator[None]:
    """Expect that error, or none."""
    if error is None:
        yield
        return
    with pytest.raises(error) as raised:
        yield
    assert OWN not in str(raised.value)


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (replies(429, {"error": {"message": f"Slow down, {OWN}"}}), None),
        (replies(401, {"error": {"message": f"Wrong: {OWN}"}}), ModelAuthFailed),
        (replies(403, {"error": {"message": f"Wrong: {OWN}"}}), ModelAuthFailed),
        (replies(404, {"error": {"message": f"Who? {OWN}"}}), ModelError),
        (replies(500, OWN.encode(), "text/plain"), ModelUnavailable),
        (hangs_up, ModelUnavailable),
        (hangs, ModelTimeout),
    ],
)
async def test_a_check_tells_a_refusal_from_no_answer(
    monkeypatch: pytest.MonkeyPatch, behave: Behaviour, error: type[ModelError] | None
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.2 if behave is hangs else 10.0)
    async with ScriptedOpenAI(behave) as server:
        checked = models(server)
        with raises(error):
            await checked.check_key(SecretStr(OWN))
        await checked.close()


def registry(**environ: str) -> ModelRegistry:
    return ModelRegistry({}, vendors=Settings.read(environ))


def test_bedrock_needs_a_region_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = VendorModels(VENDORS["bedrock"], Settings.read({}), None)
    assert "AWS_REGION" in str(vendor.unreachable)
    placed = Settings.read({"AWS_REGION": "eu-central-1"})
    assert VendorModels(VENDORS["bedrock"], placed, None).unreachable is None


async def test_bedrock_without_a_region_is_unavailable_for_calls_and_checks() -> None:
    vendor = VendorModels(VENDORS["bedrock"], Settings.read({}), None)
    with pytest.raises(ModelUnavailable, match="AWS_REGION"):
        await vendor.check_key(SecretStr(OWN))
    await vendor.close()


@pytest.mark.parametrize(
    ("environ", "there"),
    [
        ({}, set()),
        ({"OPENAI_API_KEY": PLATFORMS}, {"openai"}),
        ({"ANTHROPIC_API_KEY": PLATFORMS, "GEMINI_API_KEY": PLATFORMS}, {"anthropic", "google"}),
        ({"AWS_BEARER_TOKEN_BEDROCK": PLATFORMS}, {"bedrock"}),
        ({"AWS_ACCESS_KEY_ID": "id", "AWS_REGION": "eu-central-1"}, {"bedrock"}),
        ({"AWS_PROFILE": "mine", "AWS_REGION": "eu-central-1"}, {"bedrock"}),
    ],
)
def test_the_registry_tells_which_vendors_everybody_has_a_key_for(
    environ: Mapping[str, str], there: set[str]
) -> None:
    vendors = registry(**environ).vendors
    assert list(vendors) == ["openai", "anthropic", "google", "bedrock"]
    assert {name for name, has_key in vendors.items() if has_key} == there


def test_a_function_on_aws_calls_bedrock_as_itself_only_when_it_is_meant_to() -> None:
    role = {"AWS_ACCESS_KEY_ID": "id", "AWS_REGION": "eu-central-1"}
    unmeant = Settings.read(role).on_a_function()
    meant = Settings.read(role | {"PROMPTPILOT_PLATFORM_KEYS": "bedrock"}).on_a_function()
    assert not ModelRegistry({}, vendors=unmeant).vendors["bedrock"]
    assert ModelRegistry({}, vendors=meant).vendors["bedrock"]


async def test_bedrock_is_called_with_a_signature_where_there_is_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "AKIDCANARY", "AWS_SECRET_ACCESS_KEY": "canary-of-aws"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    message = {"role": "assistant", "content": [{"text": "Hi"}]}
    answer = {"output": {"message": message}, "stopReason": "end_turn"}
    async with ScriptedOpenAI(replies(200, answer)) as server:
        settings = Settings.read(
            {
                **environ,
                "AWS_REGION": "eu-central-1",
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url,
            }
        )
        vendor = VendorModels(VENDORS["bedrock"], settings, Vault())
        request = ModelRequest(
            model="bedrock/m", messages=(Message(role="user", content="Hi."),), timeout=30
        )
        assert (await vendor.client("ws_1").complete(request)).text == "Hi"
        await vendor.close()
    told = server.received[0].headers["authorization"]
    assert told.startswith("AWS4-HMAC-SHA256 Credential=AKIDCANARY/")
    assert "/eu-central-1/bedrock/aws4_request" in told


def test_no_key_is_in_a_repr() -> None:
    variables = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
    settings = Settings.read(dict.fromkeys(variables, PLATFORMS))
    vendor = VendorModels(VENDOR, settings, None)
    shown = repr(settings) + repr(vars(vendor)) + settings.model_dump_json()
    assert "canary" not in shown


@pytest.mark.parametrize("name", ["google", "bedrock"])
def test_whoever_calls_one_vendor_imports_that_vendors_format_alone(name: str) -> None:
    formats = {each.format.partition(".")[0] for each in VENDORS.values()}
    others = sorted(formats - {VENDORS[name].format.partition(".")[0]})
    program = (
        "import sys\n"
        "from promptpilot.adapters.models.registry import ModelRegistry\n"
        "from promptpilot.adapters.models.vendors import VENDORS\n"
        f"ModelRegistry({{}}); VENDORS[{name!r}].wire()\n"
        f"loaded = [each for each in {others!r} if f'promptpilot.adapters.models.{{each}}' in"
        " sys.modules]\n"
        "sys.exit(str(loaded) if loaded or 'aiohttp' in sys.modules else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
