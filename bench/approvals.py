"""What it costs to wait: a thousand executions that wait for somebody to approve."""

import asyncio
from pathlib import Path

import uvloop

from bench.api import Api, UnexpectedAnswerError, session
from bench.figures import Figure
from bench.load import closed_loop
from bench.processes import Server, product
from bench.wide_work import approval

EXECUTIONS = 1_000
CLIENTS = 16
START_SECONDS = 120.0
WATCHED_SECONDS = 10.0
CALM_CPU_SECONDS = 0.02
"""Of one second: less is no work any more."""


def measure(folder: Path, _rounds: int) -> list[Figure]:
    """Start the executions, wait until the server is calm, then watch it."""
    return uvloop.run(_measure(folder))


async def _measure(folder: Path) -> list[Figure]:
    with product(folder) as server:
        async with session(CLIENTS) as http:
            user = await Api(http, server.url).signed_up(0)
            created = await user.send("POST", "/workflows", 201, approval())
            path = f"/workflows/{created['id']}/execute"

            async def start(_number: int) -> None:
                await user.load("POST", path, 202, {"input": {}})

            await closed_loop(start, clients=CLIENTS, count=CLIENTS, seconds=START_SECONDS)
            idle_cpu, before_mb = await _watched(server)
            rest = EXECUTIONS - CLIENTS
            started = await closed_loop(start, clients=CLIENTS, count=rest, seconds=START_SECONDS)
            waiting_cpu, after_mb = await _watched(server)
            await _check_waiting(user)
    if len(started.latencies_ms) < rest:
        raise UnexpectedAnswerError(f"only {len(started.latencies_ms)} could be started in time")
    return [
        Figure(
            f"CPU of the server while {EXECUTIONS:,} executions wait",
            waiting_cpu / WATCHED_SECONDS * 100,
            "%",
            goal="none",
            floor=max(idle_cpu / WATCHED_SECONDS * 100, 0.01),
            floor_name="the same server, idle",
        ),
        Figure(
            f"memory for {EXECUTIONS:,} executions that wait",
            after_mb - before_mb,
            "MB",
            goal="<= 50",
            detail=f"{before_mb:.0f} MB before",
        ),
        Figure("executions started", started.per_second, "/s"),
    ]


async def _watched(server: Server) -> tuple[float, float]:
    """CPU seconds in `WATCHED_SECONDS`, once the server is calm, and its memory in MB."""
    async with asyncio.timeout(START_SECONDS):
        while await _cpu_seconds(server, 1.0) > CALM_CPU_SECONDS:
            pass
    return await _cpu_seconds(server, WATCHED_SECONDS), server.memory_mb()


async def _cpu_seconds(server: Server, seconds: float) -> float:
    before = server.cpu_seconds()
    await asyncio.sleep(seconds)
    return server.cpu_seconds() - before


async def _check_waiting(user: Api) -> None:
    page = await user.send("GET", "/executions?limit=100", 200)
    statuses = {each["status"] for each in page["items"]}
    if not statuses <= {"waiting", "running"}:
        raise UnexpectedAnswerError(f"not all executions wait: {statuses}")
