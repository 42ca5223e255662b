"""Prompt versions created and read over HTTP by 16 keep-alive clients, each a user of its own."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop

from bench.api import Api, session
from bench.figures import Figure
from bench.floors import sqlite_commits_per_second
from bench.load import Call, Round, closed_loop
from bench.processes import module, product

CLIENTS = 16
COUNT = 1500
SECONDS = 4.0
WARM_UP = 300
TEXT = "Summarize the following notes for a reader in a hurry. Keep names, dates and amounts.\n"


@dataclass(frozen=True)
class Owner:
    """A user and the one prompt it works on."""

    api: Api
    prompt: str


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure in turns, so that the machine's moods hit the product and its floors alike."""
    return uvloop.run(_measure(folder, rounds))


async def _measure(folder: Path, rounds: int) -> list[Figure]:
    with ExitStack() as stack:
        server = stack.enter_context(product(folder))
        hello = stack.enter_context(module("bench.hello", folder / "hello.log"))
        async with session(CLIENTS) as http:
            owners = await _owners(Api(http, server.url))
            calls = {
                "create": _create_version(owners),
                "get": _get_by_label(owners),
                "hello": _say_hello(Api(http, hello.url)),
            }
            measured = await _in_turns(calls, rounds)
        memory = server.memory_mb()
    commits = [sqlite_commits_per_second(folder / "floor") for _ in range(rounds)]
    after = Figure("memory of the server after the load", memory, "MB")
    return [*_figures(measured, commits), after]


async def _owners(api: Api) -> list[Owner]:
    users = await asyncio.gather(*(api.signed_up(number) for number in range(CLIENTS)))
    return await asyncio.gather(*(_owner(user) for user in users))


async def _owner(user: Api) -> Owner:
    draft = {
        "name": "Summarize Meeting Notes",
        "content": TEXT + "{{notes}}",
        "variables": ["notes"],
        "metadata": {"category": "summarization", "tags": ["meeting", "summary"]},
    }
    prompt = (await user.send("POST", "/prompts", 201, draft))["id"]
    label = f"/prompts/{prompt}/labels/production"
    await user.send("PUT", label, 200, {"version": "1.0.0"})
    labelled = await user.send("GET", f"/prompts/{prompt}?label=production", 200)
    assert labelled["version"] == "1.0.0", labelled
    return Owner(user, prompt)


def _create_version(owners: Sequence[Owner]) -> Call:
    fresh = itertools.count()

    async def call(number: int) -> None:
        owner = owners[number % len(owners)]
        body = {"content": f"{TEXT}{{{{notes}}}}\nDraft {next(fresh)}."}
        await owner.api.load("POST", f"/prompts/{owner.prompt}/versions", 201, body)

    return call


def _get_by_label(owners: Sequence[Owner]) -> Call:
    async def call(number: int) -> None:
        owner = owners[number % len(owners)]
        await owner.api.load("GET", f"/prompts/{owner.prompt}?label=production", 200)

    return call


def _say_hello(api: Api) -> Call:
    async def call(_number: int) -> None:
        await api.load("GET", "/", 200)

    return call


async def _in_turns(calls: dict[str, Call], rounds: int) -> dict[str, list[Round]]:
    for call in calls.values():
        await closed_loop(call, clients=CLIENTS, count=WARM_UP, seconds=SECONDS)
    measured: dict[str, list[Round]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            one = await closed_loop(call, clients=CLIENTS, count=COUNT, seconds=SECONDS)
            measured[name].append(one)
    return measured


def _figures(measured: dict[str, list[Round]], commits: Sequence[float]) -> list[Figure]:
    hello = median(each.per_second for each in measured["hello"])
    return [
        _rate("create a prompt version", measured["create"], ">= 300", hello),
        _rate("get a prompt by label", measured["get"], ">= 900", hello),
        _rate("bare uvicorn hello", measured["hello"]),
        Figure("bare SQLite commits, one writer", median(commits), "/s"),
    ]


def _rate(name: str, rounds: Sequence[Round], goal: str = "", floor: float | None = None) -> Figure:
    half = median(each.median_ms for each in rounds)
    tail = median(each.p95_ms for each in rounds)
    return Figure(
        name,
        median(each.per_second for each in rounds),
        "/s",
        goal=goal,
        floor=floor,
        floor_name="bare uvicorn, same client" if floor else "",
        detail=f"median {half:.1f} ms, p95 {tail:.1f} ms",
    )
