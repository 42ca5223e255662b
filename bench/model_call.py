"""What a model call costs the caller: the product, our clients, the vendors' SDKs, bare aiohttp.

Every format is served by loopback at once, so that all of the time is the callers'. All contenders
take turns in one process; what counts is processor time, and how many calls a second 50 at once do.
"""

import asyncio
import gc
import time
import warnings
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop

from bench.asking import bare_client, product_path
from bench.fake_vendors import ANSWER
from bench.figures import Figure
from bench.load import closed_loop
from bench.processes import module
from bench.vendor_sdks import FORMATS, PROMPT, Ask, Format, Make, bare_aiohttp

CLIENTS = 50
CALLS = 500
PRODUCT, CLIENT, BARE = "the product", "our client", "bare aiohttp"


@dataclass
class Taken:
    """By round: processor time of one call in ms, and calls in a second."""

    cpu_ms: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Medians of rounds of 500 calls, 50 at once."""
    with module("bench.fake_vendors", folder / "vendors.log") as server:
        return [
            figure for each in FORMATS for figure in uvloop.run(_measure(each, server.url, rounds))
        ]


async def _measure(format: Format, url: str, rounds: int) -> list[Figure]:
    makes: Mapping[str, Make] = {
        PRODUCT: product_path(format),
        CLIENT: bare_client(format),
        **format.sdks,
        BARE: bare_aiohttp(format),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # google-genai's own, of aiohttp
        async with AsyncExitStack() as stack:
            asks = {name: make(stack, url) for name, make in makes.items()}
            for name, ask in asks.items():
                await _warm_up(name, ask)
            taken = await _rounds(asks, rounds)
    return _figures(format, taken)


async def _warm_up(name: str, ask: Ask) -> None:
    said = await ask(PROMPT)
    if name != BARE and said != ANSWER:
        raise RuntimeError(f"{name} got another answer: {said!r}")
    await closed_loop(lambda _: ask(PROMPT), clients=CLIENTS, count=2 * CLIENTS, seconds=60)


async def _rounds(asks: Mapping[str, Ask], rounds: int) -> dict[str, Taken]:
    gc.collect()
    gc.freeze()  # what one SDK has loaded is not to be gone through for the others
    taken = {name: Taken() for name in asks}
    try:
        for _ in range(rounds):
            for name, ask in asks.items():
                await _round(ask, taken[name])
    finally:
        gc.unfreeze()
    return taken


async def _round(ask: Ask, taken: Taken) -> None:
    async def call(number: int) -> str:
        return await ask(f"{PROMPT} {number}")

    await asyncio.sleep(0)
    begun = time.process_time()
    done = await closed_loop(call, clients=CLIENTS, count=CALLS, seconds=60)
    taken.cpu_ms.append((time.process_time() - begun) * 1000 / len(done.latencies_ms))
    taken.per_second.append(done.per_second)


def _figures(format: Format, taken: Mapping[str, Taken]) -> list[Figure]:
    sdk = next(iter(format.sdks))
    cpu = {name: median(each.cpu_ms) for name, each in taken.items()}
    rate = {name: median(each.per_second) for name, each in taken.items()}

    def figure(name: str, floor: str) -> Figure:
        goal = f"<= {cpu[sdk] + 0.5:.2f}" if name == PRODUCT else ""
        detail = f"{rate[name]:,.0f} calls/s, {rate[name] / rate[sdk]:.2f} x {sdk}"
        title = f"{format.title}: CPU of a call, {name}"
        return Figure(title, cpu[name], "ms", goal, cpu[floor], floor, detail)

    around = Figure(
        f"{format.title}: around our client", cpu[PRODUCT] - cpu[CLIENT], "ms", goal="<= 0.5"
    )
    calls = Figure(
        f"{format.title}: calls at {CLIENTS} at once, {CLIENT}",
        rate[CLIENT],
        "/s",
        ">= 2 x" if format is FORMATS[0] else "",
        rate[sdk],
        sdk,
        f"{PRODUCT} {rate[PRODUCT]:,.0f}/s",
    )
    return [
        figure(PRODUCT, sdk),
        figure(CLIENT, BARE),
        *(figure(name, BARE) for name in format.sdks),
        around,
        calls,
    ]
