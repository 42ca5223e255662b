"""Many streams at once in this process: `python -m bench.stream_client WAY URL STREAMS`.

`bare` is our client by itself, `asking` all that the worker has around it. Prints as JSON what the
process weighs before and at most, in MB, and how many streams were complete.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import psutil
import uvloop

from bench.asking import asking, request
from bench.fake_streams import PIECE
from bench.vendor_sdks import CHAT, PROMPT
from promptpilot.ports.models import OnText

Stream = Callable[[str], Awaitable[tuple[str, str]]]
"""A prompt -> what was heard, and the answer."""


def _bare(stack: AsyncExitStack, url: str) -> Stream:
    client = CHAT.bare(url)
    stack.push_async_callback(client.close)

    async def stream(text: str) -> tuple[str, str]:
        heard: list[str] = []
        done = await client.complete(request(CHAT.model, text), on_text=heard.append)
        return "".join(heard), done.text

    return stream


def _asking(stack: AsyncExitStack, url: str) -> Stream:
    ask = asking(stack, url, CHAT.model)

    async def stream(text: str) -> tuple[str, str]:
        heard: list[str] = []

        def hear() -> OnText:
            heard.clear()
            return heard.append

        answer = await ask(text, hear)
        return "".join(heard), answer

    return stream


WAYS = {"bare": _bare, "asking": _asking}


async def main(way: str, url: str, streams: int) -> None:
    """Stream once, weigh this process, then stream all at once."""
    async with AsyncExitStack() as stack:
        stream = WAYS[way](stack, url)
        await stream(PROMPT)
        idle, started, cpu = _mb(), time.perf_counter(), time.process_time()
        done = await asyncio.gather(*(stream(f"{PROMPT} {n}") for n in range(streams)))
        told = {
            "idle_mb": idle,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu,
            "complete": sum(heard == answer and answer.startswith(PIECE) for heard, answer in done),
        }
    print(json.dumps(told))


def _mb() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
