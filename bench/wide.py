"""Wide work in one execution, durable and with full logs, beside bare loops of the same calls."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from bench.api import Api, UnexpectedAnswerError, session
from bench.chain import BAREST, PRODUCT
from bench.chain_floors import CLIENTS
from bench.chain_work import Ask
from bench.figures import Figure
from bench.processes import module, product
from bench.wide_work import (
    AT_ONCE,
    BRANCHES,
    ITEMS,
    TEMPLATE,
    fan_out,
    ideal_seconds,
    mapped,
    run_bare,
    texts,
)

CONNECTIONS = 4


@dataclass(frozen=True)
class Work:
    """One kind of wide work. `goal` bounds its time as a multiple of the ideal one."""

    name: str
    calls: int
    at_once: int
    latency_ms: int
    goal: float
    document: Callable[[str, str], dict[str, Any]]

    @property
    def ideal(self) -> float:
        return ideal_seconds(self.calls, self.at_once, self.latency_ms)


FAN_OUT = Work(f"{BRANCHES} parallel steps", BRANCHES, BRANCHES, 200, 1.04, fan_out)
MAP = Work(f"map over {ITEMS:,} items, {AT_ONCE} at once", ITEMS, AT_ONCE, 50, 1.15, mapped)


def measure_fan_out(folder: Path, rounds: int) -> list[Figure]:
    """Measure 20 parallel steps of 200 ms."""
    return uvloop.run(_measure(FAN_OUT, folder, rounds))


def measure_map(folder: Path, rounds: int) -> list[Figure]:
    """Measure a map over 1,000 items of 50 ms each, 100 at once."""
    return uvloop.run(_measure(MAP, folder, rounds))


async def _measure(work: Work, folder: Path, rounds: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        model = stack.enter_context(module("bench.fake_openai", folder / "model.log"))
        url = f"{model.url}/l{work.latency_ms}/v1"
        server = stack.enter_context(product(folder, {"slow": url}))
        http = await stack.enter_async_context(session(CONNECTIONS))
        user = await Api(http, server.url).signed_up(0)
        ways = {PRODUCT: await _product_run(user, work)}
        for name, open_calls in CLIENTS.items():
            ways[name] = _bare_run(await stack.enter_async_context(open_calls(url)), work)
        await _check_same_answers(ways)
        taken: dict[str, list[float]] = {name: [] for name in ways}
        before = server.cpu_seconds()
        for number in range(1, rounds + 1):
            for name, run in ways.items():
                started = time.perf_counter()
                await run(number)
                taken[name].append(time.perf_counter() - started)
        cpu_ms = (server.cpu_seconds() - before) * 1000 / rounds / work.calls
        memory = server.memory_mb()
    return _figures(work, taken, f"server CPU {cpu_ms:.2f} ms a step, {memory:.0f} MB")


Run = Callable[[int], Any]


async def _product_run(user: Api, work: Work) -> Run:
    draft = {"name": "Headline", "content": TEMPLATE, "variables": ["text"]}
    prompt = str((await user.send("POST", "/prompts", 201, draft))["id"])
    document = work.document(prompt, "custom/slow/echo")
    created = await user.send("POST", "/workflows", 201, document)
    path = f"/workflows/{created['id']}/execute"

    async def run(number: int) -> list[str]:
        body = {"input": {"texts": texts(number, work.calls)}}
        execution = await user.send("POST", path, 200, body, Prefer="wait=30")
        if execution["status"] != "succeeded":
            raise UnexpectedAnswerError(f"execution: {execution}")
        return list(execution["output"])

    return run


def _bare_run(ask: Ask, work: Work) -> Run:
    async def run(number: int) -> list[str]:
        return await run_bare(ask, texts(number, work.calls), work.at_once)

    return run


async def _check_same_answers(ways: dict[str, Run]) -> None:
    """Also warms up."""
    answers = [await run(0) for run in ways.values()]
    if any(each != answers[0] for each in answers):
        raise UnexpectedAnswerError("the product and the bare loops do not get the same answers")


def _figures(work: Work, taken: dict[str, list[float]], detail: str) -> list[Figure]:
    ratios = {name: median(each) / work.ideal for name, each in taken.items()}
    head = f"{work.name}, {work.latency_ms} ms model, wall / ideal"
    ours = Figure(
        head,
        ratios.pop(PRODUCT),
        "",
        goal=f"<= {work.goal:g}",
        floor=ratios[BAREST],
        floor_name=BAREST,
        detail=detail,
    )
    return [ours, *(Figure(f"{name}: {head}", ratio, "") for name, ratio in ratios.items())]
