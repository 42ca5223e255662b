"""The key of a connection that is configured without one."""

import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from promptpilot import clock as product_clock
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.domain.message import Message
from promptpilot.domain.model import ModelRequest
from promptpilot.errors import PromptPilotError, StoreUnavailable
from promptpilot.settings import CustomModels
from promptpilot.step_errors import ModelAuthFailed, ModelUnavailable
from tests.contract.hand_clock import HandClock
from tests.scripted_openai import ScriptedOpenAI

CANARY = "sk-canary-7d1f"


class Keys:
    """`Secrets` to read: what it holds, who asked for what, in which thread."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key
        self.error: PromptPilotError | None = None
        self.asked: list[tuple[str, str]] = []
        self.threads: set[int] = set()

    def get(self, workspace: str, name: str, *, fresh: bool = False) -> SecretStr | None:
        self.asked.append((workspace, name))
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        return None if self.key is None else SecretStr(self.key)

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        raise AssertionError("a key is only read")

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        raise AssertionError("a key is only read")

    def delete(self, workspace: str, name: str) -> None:
        raise AssertionError("a key is only read")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedOpenAI]:
    async with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hands = HandClock(1_800_000_000)
    monkeypatch.setattr(product_clock, "time", hands)
    return hands


class Called:
    """Calls one connection of a registry; tells the keys that its server saw."""

    def __init__(
        self, server: ScriptedOpenAI, keys: Keys | None, connection: str = "fake", **more: Any
    ) -> None:
        custom = CustomModels.model_validate({"base_url": server.url, "models": ["m"]} | more)
        self.registry = ModelRegistry({connection: custom}, secrets=keys)
        self._server, self._model = server, f"custom/{connection}/m"

    async def __call__(self) -> str | None:
        """The key that the server saw in a new call."""
        request = ModelRequest(
            model=self._model, messages=(Message(role="user", content="Hi."),), timeout=30
        )
        await self.registry.client(self._model, "workspace_1").complete(request)
        return self._server.received[-1].headers.get("authorization")


async def test_a_connection_without_a_key_takes_it_from_the_secrets_of_the_platform(
    server: ScriptedOpenAI,
) -> None:
    keys = Keys(CANARY)
    call = Called(server, keys)
    assert await call() == f"Bearer {CANARY}"
    assert keys.asked == [("platform", "models/custom/fake")]
    await call.registry.close()


async def test_the_secrets_are_read_off_the_event_loop_and_not_for_every_call(
    server: ScriptedOpenAI, clock: HandClock
) -> None:
    keys = Keys(CANARY)
    call = Called(server, keys)
    for _ in range(3):
        await call()
    assert len(keys.asked) == 1
    assert threading.get_ident() not in keys.threads
    await call.registry.close()


async def test_a_changed_key_is_followed_on_the_same_connection(
    server: ScriptedOpenAI, clock: HandClock
) -> None:
    keys = Keys()
    call = Called(server, keys)
    seen = [await call()]
    for keys.key in ("one", "two", None):
        clock.seconds += 5
        seen += [await call(), await call()]
    assert seen == [None, *["Bearer one"] * 2, *["Bearer two"] * 2, None, None]
    assert server.connections == 1
    await call.registry.close()


async def test_a_configured_key_is_used_without_a_look_at_the_secrets(
    server: ScriptedOpenAI,
) -> None:
    keys = Keys("other")
    call = Called(server, keys, api_key="configured")
    assert await call() == "Bearer configured"
    assert keys.asked == []
    await call.registry.close()


@pytest.mark.parametrize("keys", [None, Keys()])
async def test_a_connection_without_any_key_sends_none(
    server: ScriptedOpenAI, keys: Keys | None
) -> None:
    call = Called(server, keys)
    assert await call() is None
    await call.registry.close()


@pytest.mark.parametrize("connection", ["LMStudio", "a:b", "ä"])
async def test_a_connection_whose_name_no_secret_can_have_has_no_key(
    server: ScriptedOpenAI, connection: str
) -> None:
    keys = Keys(CANARY)
    call = Called(server, keys, connection)
    assert await call() is None
    assert keys.asked == []
    await call.registry.close()


async def test_a_key_that_cannot_be_read_makes_the_model_unavailable_for_now(
    server: ScriptedOpenAI, clock: HandClock
) -> None:
    keys = Keys(CANARY)
    keys.error = StoreUnavailable()
    call = Called(server, keys)
    with pytest.raises(ModelUnavailable, match="key"):
        await call()
    keys.error = None
    assert await call() == f"Bearer {CANARY}"
    await call.registry.close()


async def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(
    server: ScriptedOpenAI,
) -> None:
    call = Called(server, Keys(f"{CANARY}\n"))
    with pytest.raises(ModelAuthFailed) as raised:
        await call()
    assert CANARY not in repr(raised.value) + str(raised.value)
    assert server.received == []


async def test_listing_models_asks_for_no_key(server: ScriptedOpenAI) -> None:
    keys = Keys(CANARY)
    call = Called(server, keys)
    assert [info.id for info in call.registry.catalogue()][1] == "custom/fake/m"
    call.registry.price("custom/fake/m")
    call.registry.client("custom/fake/m", "workspace_1")
    assert keys.asked == []


async def test_the_key_is_in_no_repr(server: ScriptedOpenAI) -> None:
    call = Called(server, Keys(CANARY))
    await call()
    (client,) = call.registry._connections.values()
    shown = repr(vars(call.registry)) + repr(vars(client)) + repr(client._connections)
    assert CANARY not in shown
    await call.registry.close()


def test_listing_models_with_secrets_loads_no_sdk_and_no_cipher() -> None:
    program = (
        "import sys; from promptpilot.adapters.models.registry import ModelRegistry\n"
        "from promptpilot.settings import CustomModels\n"
        "custom = CustomModels.model_validate({'base_url': 'http://localhost/v1'})\n"
        "ModelRegistry({'fake': custom}, secrets=object()).catalogue()\n"
        "sys.exit(any(name in sys.modules for name in ('openai', 'aiohttp', 'cryptography')))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
