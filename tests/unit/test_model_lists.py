"""The lists of models that vendors have themselves."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from promptpilot.adapters.models import model_lists as module
from promptpilot.adapters.models.list_formats import LIST_FORMATS, OPENAI_COMPATIBLE, ListFormat
from promptpilot.adapters.models.model_lists import MAX_PAGES, ModelLists, read_list
from promptpilot.adapters.models.registry import ModelRegistry
from promptpilot.settings import CustomModels, Settings
from promptpilot.step_errors import ModelUnavailable
from tests.scripted_openai import ScriptedOpenAI, replies

HOUR = 3600 * 1000


class Now:
    """Milliseconds since 1970, for a test to move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ms = 1_800_000_000_000
        monkeypatch.setattr(module, "epoch_ms", lambda: self.ms)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    return Now(monkeypatch)


def pages(*bodies: Any) -> tuple[Callable[[str], Any], list[str]]:
    """Gives one body after another, the last again and again; and the paths that it was asked."""
    asked: list[str] = []

    async def get(path: str) -> bytes:
        asked.append(path)
        body = bodies[min(len(asked), len(bodies)) - 1]
        if isinstance(body, Exception):
            raise body
        return body if isinstance(body, bytes) else json.dumps(body).encode()

    return get, asked


def openai(*names: str) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


def lists() -> ModelLists:
    """On the running loop."""

    def begin(call: Callable[[], None]) -> bool:
        call()
        return True

    return ModelLists(begin)


async def settled(found: ModelLists) -> None:
    await asyncio.gather(*(task for task in found._reading.values() if task is not None))


async def test_openais_list_is_read_without_what_makes_no_text_of_text() -> None:
    get, asked = pages(openai("gpt-6-sol", "text-embedding-3-small", "gpt-image-2", "whisper-1"))
    assert await read_list(LIST_FORMATS["openai"], get) == ("gpt-6-sol",)
    assert asked == ["models"]


async def test_anthropics_list_is_read_page_by_page() -> None:
    get, asked = pages(
        {"data": [{"id": "claude-a"}], "has_more": True, "last_id": "claude-a"},
        {"data": [{"id": "claude-b"}], "has_more": False, "last_id": "claude-b"},
    )
    assert await read_list(LIST_FORMATS["anthropic"], get) == ("claude-a", "claude-b")
    assert asked == ["v1/models?limit=1000", "v1/models?limit=1000&after_id=claude-a"]


async def test_geminis_list_is_read_of_what_generates_content() -> None:
    get, asked = pages(
        {
            "models": [
                {"name": "models/gemini-a", "supportedGenerationMethods": ["generateContent"]},
                {"name": "models/aqa", "supportedGenerationMethods": ["generateAnswer"]},
                {"name": "models/gemini-a-tts", "supportedGenerationMethods": ["generateContent"]},
            ],
            "nextPageToken": "a b",
        },
        {},
    )
    assert await read_list(LIST_FORMATS["google"], get) == ("gemini-a",)
    assert asked[1] == "v1beta/models?pageSize=1000&pageToken=a%20b"


@pytest.mark.parametrize("body", [b"<html>", b"[]", {"data": [{"name": "x"}]}])
async def test_what_is_no_list_is_an_error(body: Any) -> None:
    get, _ = pages(body)
    with pytest.raises(ModelUnavailable):
        await read_list(OPENAI_COMPATIBLE, get)


async def test_a_list_without_end_and_names_that_cannot_be_do_no_harm() -> None:
    names = iter(range(10_000))

    def read(body: bytes) -> tuple[tuple[str, ...], str | None]:
        return (f"m{next(names)}", "a b", "", "x" * 201), str(next(names))

    get, asked = pages({})
    found = await read_list(ListFormat("models", read, next="?after="), get)
    assert len(asked) == MAX_PAGES == len(found)


async def test_a_list_is_read_once_a_day_and_meanwhile_the_one_before_is_good(now: Now) -> None:
    get, asked = pages(openai("a"), openai("b"))
    found = lists()
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ()
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ()  # it is being read
    await settled(found)
    now.ms += 24 * HOUR - 1
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ("a",)
    now.ms += 1
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ("a",)
    await settled(found)
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ("b",)
    assert len(asked) == 2


async def test_a_list_that_cannot_be_read_is_asked_for_again_in_an_hour(
    now: Now, caplog: pytest.LogCaptureFixture
) -> None:
    get, asked = pages(openai("a"), ModelUnavailable(reason="Away."), openai("b"))
    found = lists()
    for _ in range(2):
        found.names("custom/x", OPENAI_COMPATIBLE, get)
        await settled(found)
        now.ms += 24 * HOUR
    assert "Away." in caplog.text
    now.ms += HOUR - 24 * HOUR - 1
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ("a",)
    assert len(asked) == 2
    now.ms += 1
    found.names("custom/x", OPENAI_COMPATIBLE, get)
    await settled(found)
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ("b",)


async def test_where_no_loop_runs_nothing_is_read_and_it_is_tried_again(now: Now) -> None:
    runs = False

    def begin(call: Callable[[], None]) -> bool:
        if runs:
            call()
        return runs

    get, asked = pages(openai("a"))
    found = ModelLists(begin)
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ()
    runs = True
    found.names("custom/x", OPENAI_COMPATIBLE, get)
    await settled(found)
    assert found.names("custom/x", OPENAI_COMPATIBLE, get) == ("a",)
    assert len(asked) == 1


async def test_closing_gives_up_what_is_being_read() -> None:
    async def get(path: str) -> bytes:
        await asyncio.Event().wait()
        return b""

    found = lists()
    found.names("custom/x", OPENAI_COMPATIBLE, get)
    await found.close()
    assert found._reading == {}


def listed(registry: ModelRegistry, vendor: str) -> Mapping[str, Any]:
    return {info.id: info for info in registry.catalogue() if info.vendor == vendor}


async def test_the_catalogue_has_what_a_server_lists_with_its_key() -> None:
    async with ScriptedOpenAI(replies(200, openai("a", "new"))) as server:
        custom = {"base_url": server.url, "api_key": "canary-list", "models": ["a", "b"]}
        found = lists()
        registry = ModelRegistry({"mine": CustomModels.model_validate(custom)}, lists=found)
        assert list(listed(registry, "custom")) == ["custom/mine/a", "custom/mine/b"]
        await settled(found)
        names = list(listed(registry, "custom"))
        await registry.close()
    assert names == ["custom/mine/a", "custom/mine/b", "custom/mine/new"]
    [asked] = server.received
    assert asked.headers["authorization"] == "Bearer canary-list"


async def test_the_catalogue_has_what_a_vendor_lists_for_everybodys_key() -> None:
    async with ScriptedOpenAI(replies(200, openai("gpt-4o", "gpt-99"))) as server:
        found = lists()
        settings = Settings.read({"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "canary-all"})
        registry = ModelRegistry({}, vendors=settings, lists=found)
        before = listed(registry, "openai")
        await settled(found)
        after = listed(registry, "openai")
        await registry.close()
    assert set(after) - set(before) == {"openai/gpt-99"}
    assert after["openai/gpt-99"].available
    assert after["openai/gpt-99"].price is None
    [asked] = server.received
    assert asked.headers["authorization"] == "Bearer canary-all"


async def test_no_vendor_is_asked_without_a_key() -> None:
    async with ScriptedOpenAI(replies(200, openai("gpt-99"))) as server:
        found = lists()
        registry = ModelRegistry(
            {}, vendors=Settings.read({"OPENAI_BASE_URL": server.url}), lists=found
        )
        registry.catalogue()
        await settled(found)
        await registry.close()
    assert server.received == []


async def test_a_key_that_is_refused_leaves_what_ships_and_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusal = {"error": {"message": "Incorrect API key provided: canary-bad"}}
    async with ScriptedOpenAI(replies(401, refusal)) as server:
        found = lists()
        settings = Settings.read({"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "canary-bad"})
        registry = ModelRegistry({}, vendors=settings, lists=found)
        before = listed(registry, "openai")
        await settled(found)
        assert listed(registry, "openai") == before
        await registry.close()
    assert "the list of models of openai cannot be read" in caplog.text
    assert SecretStr("canary-bad").get_secret_value() not in caplog.text
