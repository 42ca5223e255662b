"""A thousand streams at once on one process: what it weighs, and whether all are complete."""

import asyncio
import json
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import uvloop

from bench.api import Api, session
from bench.fake_streams import PIECE
from bench.figures import Figure
from bench.processes import Server, module, product
from bench.vendor_sdks import MAX_TOKENS, PROMPT

STREAMS = 1_000
GOAL_MB = 400
WAY = "s10p20"
SLOW_PIECES = 40
SLOWER = f"s20p{SLOW_PIECES}"
"""For the whole product, which takes a while to begin a thousand runs."""
MOST_ROUNDS = 3
GIVE_UP_SECONDS = 120
LOOK_SECONDS = 0.2
BEGUN_AT_ONCE = 32


@dataclass(frozen=True)
class Weighed:
    """One round of all streams, `most` of which were under way at the same time."""

    idle_mb: float
    peak_mb: float
    seconds: float
    cpu_seconds: float
    complete: int
    most: int = 0


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Medians of up to three rounds: the bare client, the worker's path, and a whole server that
    runs a prompt for everybody who follows it.
    """
    rounds = min(rounds, MOST_ROUNDS)
    with module("bench.fake_streams", folder / "streams.log") as model:
        bare = [_client("bare", model.url) for _ in range(rounds)]
        asking = [_client("asking", model.url) for _ in range(rounds)]
        whole = [uvloop.run(_whole(folder / f"{n}", model.url)) for n in range(rounds)]
    floor = median(each.peak_mb for each in bare)
    return [
        _figure(f"{STREAMS:,} streams, our client", bare),
        _figure(f"{STREAMS:,} streams, asking", asking, floor),
        _figure(f"{STREAMS:,} streams, whole server", whole, floor),
    ]


def _client(way: str, url: str) -> Weighed:
    command = [sys.executable, "-m", "bench.stream_client", way, f"{url}/{WAY}", str(STREAMS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Weighed(**json.loads(done.stdout), most=_state(url)["most"])


async def _whole(folder: Path, url: str) -> Weighed:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(product(folder, {"slow": f"{url}/{SLOWER}/v1"}))
        http = await stack.enter_async_context(session(BEGUN_AT_ONCE))
        user = await Api(http, server.url).signed_up(0)
        path = await _prompt(user)
        await asyncio.to_thread(_state, url)
        idle, started, cpu = server.memory_mb(), time.perf_counter(), server.cpu_seconds()
        weighing = asyncio.create_task(_heaviest(server, url))
        ids = await _begin(user, path)
        peak, most = await weighing
        return Weighed(
            idle_mb=idle,
            peak_mb=peak,
            seconds=time.perf_counter() - started,
            cpu_seconds=server.cpu_seconds() - cpu,
            complete=sum([await _complete(user, each) for each in ids]),
            most=most,
        )


async def _prompt(user: Api) -> str:
    """Where a new prompt is run."""
    document = {
        "name": "Slow",
        "content": "{{text}}",
        "variables": ["text"],
        "model": "custom/slow/echo",
        "settings": {"max_tokens": MAX_TOKENS},
    }
    made = await user.send("POST", "/prompts", 201, document)
    return f"/prompts/{made['id']}/run"


async def _begin(user: Api, path: str) -> list[str]:
    """Begin all runs; their ids."""
    numbers = iter(range(STREAMS))
    ids: list[str] = []

    async def client() -> None:
        for number in numbers:
            body = {"variables": {"text": f"{PROMPT} {number}"}, "stream": True}
            begun = await user.send("POST", path, 202, body)
            ids.append(begun["run"]["id"])

    async with asyncio.TaskGroup() as group:
        for _ in range(BEGUN_AT_ONCE):
            group.create_task(client())
    return ids


async def _heaviest(server: Server, url: str) -> tuple[float, int]:
    """What the server weighs at most until all streams are over, and how many were at once."""
    give_up = time.monotonic() + GIVE_UP_SECONDS
    peak, most, ended = 0.0, 0, 0
    while ended < STREAMS and time.monotonic() < give_up:
        await asyncio.sleep(LOOK_SECONDS)
        peak = max(peak, server.memory_mb())
        state = await asyncio.to_thread(_state, url)
        most, ended = max(most, state["most"]), ended + state["ended"]
    return peak, most


async def _complete(user: Api, id: str) -> bool:
    """Whether a follower of the run is told all of it, and that it has succeeded."""
    cursor, heard, kinds = "", "", [""]
    while True:
        page = await user.send("GET", f"/runs/{id}/events?cursor={cursor}", 200, Prefer="wait=20")
        heard += "".join(each["text"] for each in page["items"] if each["type"] == "run.text")
        kinds += [each["type"] for each in page["items"]]
        cursor = page["next_cursor"]
        if page["done"]:
            return kinds[-1] == "run.succeeded" and heard == PIECE * SLOW_PIECES


def _state(url: str) -> dict[str, int]:
    with urlopen(url, timeout=10) as response:
        return dict(json.load(response))


def _figure(name: str, rounds: list[Weighed], floor: float | None = None) -> Figure:
    def middle(of: str) -> float:
        return float(median(getattr(each, of) for each in rounds))

    return Figure(
        name,
        middle("peak_mb"),
        "MB",
        goal=f"<= {GOAL_MB}" if middle("most") >= STREAMS else "",  # it is for so many at once
        floor=floor,
        floor_name="our client" if floor else "",
        detail=f"{middle('peak_mb') - middle('idle_mb'):.0f} over idle; "
        f"{middle('most'):,.0f} at once, {middle('complete'):,.0f} complete in "
        f"{middle('seconds'):.1f} s, CPU {middle('cpu_seconds'):.1f} s; rounds: {len(rounds)}",
    )
