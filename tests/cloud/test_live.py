"""Whoever listens is told what happens, while it happens."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from cloud.running import Cloud
from embedded.demo.client import Client
from tests.cloud.test_playground import MODELS, make_tale
from tests.cloud.workflows import make_prompt, make_workflow, prompt_step, start
from tests.embedded.running import until
from tests.embedded.streaming_model import FREELY, StreamingModel

SECONDS = 30
TOLD = {"execution.queued", "execution.step.succeeded", "execution.succeeded"}


def subprotocols(token: str | None) -> list[str]:
    return ["promptpilot", f"bearer.{token}"]


async def test_a_listener_is_told_of_an_execution_from_start_to_end(
    cloud: Cloud, one: Client
) -> None:
    prompt = await asyncio.to_thread(make_prompt, one, "Watched")
    steps = [prompt_step("only", prompt, "x")]
    workflow = await asyncio.to_thread(make_workflow, one, "Watched", steps)
    async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
        offered = subprotocols(one.token)
        async with session.ws_connect(cloud.live_url, protocols=offered) as socket:
            await socket.send_json({"action": "subscribe"})
            assert (await socket.receive_json())["type"] == "subscribed"
            execution = await asyncio.to_thread(start, one, workflow)
            seen: set[str] = set()
            while not seen >= TOLD:
                event = _event(await socket.receive_json())
                if execution in json.dumps(event):
                    seen.add(event["type"])


async def test_the_worker_tells_a_listener_what_the_models_of_a_run_say(
    cloud: Cloud, one: Client, streaming: StreamingModel
) -> None:
    prompt = await asyncio.to_thread(make_tale, one, "Told live")
    compared = {"prompt_id": prompt, "variables": {"what": "a tale"}, "models": MODELS}
    calls = streaming.streamed_calls
    run = await asyncio.to_thread(one.post, "/playground/compare", compared)
    await asyncio.to_thread(until, lambda: streaming.streamed_calls, lambda now: now == calls + 2)
    async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
        offered = subprotocols(one.token)
        async with session.ws_connect(cloud.live_url, protocols=offered) as socket:
            await socket.send_json({"action": "subscribe", "run": run["id"]})
            assert (await socket.receive_json())["type"] == "subscribed"
            streaming.allow(FREELY)
            said, ended = dict.fromkeys(MODELS, ""), set()
            while len(ended) < len(MODELS):
                for item in (await socket.receive_json())["items"]:
                    if item["type"] == "run.text":
                        said[item["model"]] += item["text"]
                    else:
                        ended.add(item["model"])
    assert set(said.values()) == {streaming.text}


async def test_another_users_listener_is_told_nothing(
    cloud: Cloud, one: Client, two: Client
) -> None:
    async with (
        asyncio.timeout(SECONDS),
        aiohttp.ClientSession() as session,
        session.ws_connect(cloud.live_url, protocols=subprotocols(two.token)) as socket,
    ):
        await socket.send_json({"action": "subscribe"})
        assert (await socket.receive_json())["type"] == "subscribed"
        of_one = await asyncio.to_thread(make_prompt, one, "Unwatched")
        of_two = await asyncio.to_thread(make_prompt, two, "Watched by two")
        told = json.dumps(await socket.receive_json())
        assert of_two in told
        assert of_one not in told


@pytest.mark.parametrize("token", ["", "not-a-token"])
async def test_nobody_connects_without_a_good_token(cloud: Cloud, token: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(SECONDS):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(cloud.live_url, protocols=subprotocols(token))
    assert refused.value.status in {401, 403}


def _event(message: Any) -> Any:
    return message.get("event", message)
