"""The vendors of the benchmarks on loopback, called by our clients."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench.asking import asking, request
from bench.fake_streams import PIECE
from bench.fake_vendors import ANSWER
from bench.processes import module
from bench.vendor_sdks import CHAT, FORMATS, Format


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.title)
async def test_every_format_is_answered_to_the_bare_client_and_to_the_product(
    tmp_path: Path, format: Format
) -> None:
    with module("bench.fake_vendors", tmp_path / "log") as server:
        async with AsyncExitStack() as stack:
            client = format.bare(server.url)
            stack.push_async_callback(client.close)
            bare = await client.complete(request(format.model, "Well?"))
            assert (bare.text, bare.usage is not None) == (ANSWER, True)
            ask = asking(stack, server.url, format.model)
            assert await ask("Well?") == ANSWER


async def test_streams_are_slow_whole_and_counted(tmp_path: Path) -> None:
    heard: list[str] = []
    with module("bench.fake_streams", tmp_path / "log") as server:
        async with AsyncExitStack() as stack:
            ask = asking(stack, f"{server.url}/s1p4", CHAT.model)
            calls = [ask("Well?", lambda: heard.append) for _ in range(2)]
            assert await asyncio.gather(*calls) == [PIECE * 4] * 2
        told = await asyncio.to_thread(_told, server.url)
    assert heard == [PIECE] * 8
    assert told == {"most": 2, "ended": 2}


def _told(url: str) -> object:
    with urlopen(url, timeout=10) as response:
        return json.load(response)
