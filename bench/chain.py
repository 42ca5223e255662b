"""A chain of five prompts over HTTP, durable and with full logs, beside bare loops of its calls."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop

from bench.api import Api, UnexpectedAnswerError, session
from bench.chain_floors import least_chain, open_chains
from bench.chain_work import TEMPLATES, notes, variables, workflow
from bench.figures import Figure
from bench.floors import sqlite_commits_per_second
from bench.load import Call, Round, all_at_once, closed_loop
from bench.processes import Server, module, product

AT_ONCE = 50
ALONE_COUNT = 200
BUSY_COUNT = 400
ROUND_SECONDS = 12.0
WARM_UP = 20
SLOW_MS = 200
CRITICAL_SECONDS = len(TEMPLATES) * SLOW_MS / 1000
PRODUCT = "the product"
LEAST = "least durable server"
BAREST = "bare aiohttp loop"
ALONE = "a run, one at a time"
BUSY = f"steps, {AT_ONCE} runs at once"
WAVE = f"wall / critical path, {AT_ONCE} runs, {SLOW_MS} ms model"


@dataclass
class Measured:
    """All rounds of one way to run the chain."""

    alone: list[Round] = field(default_factory=list)
    busy: list[Round] = field(default_factory=list)
    waves: list[float] = field(default_factory=list)
    """Seconds that 50 runs started together took, with a model of 200 ms."""

    def alone_ms(self) -> float:
        return median(each.median_ms for each in self.alone)

    def alone_p95_ms(self) -> float:
        return median(each.p95_ms for each in self.alone)

    def steps_per_second(self) -> float:
        return len(TEMPLATES) * median(each.per_second for each in self.busy)

    def wave_ratio(self) -> float:
        return median(self.waves) / CRITICAL_SECONDS


def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure the product and the bare loops in turns. The product's answers must equal theirs."""
    return uvloop.run(_measure(folder, rounds))


async def _measure(folder: Path, rounds: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        model = stack.enter_context(module("bench.fake_openai", folder / "model.log"))
        urls = {"fast": f"{model.url}/l0/v1", "slow": f"{model.url}/l{SLOW_MS}/v1"}
        server = stack.enter_context(product(folder, urls))
        http = await stack.enter_async_context(session(AT_ONCE))
        user = await Api(http, server.url).signed_up(0)
        least = stack.enter_context(module("bench.least_server", folder / "least.log", str(folder)))
        chains = [
            {
                PRODUCT: await _product_chain(user, name),
                LEAST: least_chain(http, least.url, url),
                **await open_chains(stack, url),
            }
            for name, url in urls.items()
        ]
        fast, slow = chains
        await _check_same_answers(fast)
        cpu = await _cpu_ms(server, fast[PRODUCT])
        measured = {name: Measured() for name in fast}
        commits = []
        for _ in range(rounds):
            for name, into in measured.items():
                await _measure_round(into, fast[name], slow[name])
            commits.append(sqlite_commits_per_second(folder / "floor"))
        await _check_logs(user)
    return [*_product_figures(measured, cpu, median(commits)), *_floor_figures(measured)]


async def _product_chain(user: Api, connection: str) -> Call:
    prompts = [await _prompt(user, template) for template in TEMPLATES]
    document = workflow(f"Chain on {connection}", prompts, f"custom/{connection}/echo")
    created = await user.send("POST", "/workflows", 201, document)
    path = f"/workflows/{created['id']}/execute"

    async def call(number: int) -> str:
        body = {"input": {"text": notes(number)}}
        execution = await user.send("POST", path, 200, body, Prefer="wait=30")
        if execution["status"] != "succeeded":
            raise UnexpectedAnswerError(f"execution: {execution}")
        return str(execution["output"])

    return call


async def _prompt(user: Api, template: str) -> str:
    draft = {
        "name": template.partition(":")[0].partition("\n")[0],
        "content": template,
        "variables": variables(template),
    }
    return str((await user.send("POST", "/prompts", 201, draft))["id"])


async def _check_same_answers(chains: dict[str, Call]) -> None:
    answers: dict[str, object] = {name: await chain(1) for name, chain in chains.items()}
    if len(set(answers.values())) != 1:
        raise UnexpectedAnswerError(f"the chains do not send the same prompts: {answers}")


async def _check_logs(user: Api) -> None:
    newest = (await user.send("GET", "/executions?limit=1", 200))["items"][0]
    logs = (await user.send("GET", f"/executions/{newest['id']}/logs", 200))["items"]
    complete = all(each["input"] and each["output"] for each in logs)
    if len(logs) != len(TEMPLATES) or not complete:
        raise UnexpectedAnswerError(f"the logs are not complete: {logs}")


async def _cpu_ms(server: Server, chain: Call) -> float:
    """Processor time of the server for one run, once warm."""
    await closed_loop(chain, clients=1, count=WARM_UP, seconds=ROUND_SECONDS)
    before = server.cpu_seconds()
    done = await closed_loop(chain, clients=1, count=ALONE_COUNT, seconds=ROUND_SECONDS)
    return (server.cpu_seconds() - before) * 1000 / len(done.latencies_ms)


async def _measure_round(into: Measured, fast: Call, slow: Call) -> None:
    await closed_loop(fast, clients=1, count=WARM_UP, seconds=ROUND_SECONDS)
    into.alone.append(await closed_loop(fast, clients=1, count=ALONE_COUNT, seconds=ROUND_SECONDS))
    into.busy.append(
        await closed_loop(fast, clients=AT_ONCE, count=BUSY_COUNT, seconds=ROUND_SECONDS)
    )
    into.waves.append(await all_at_once(slow, count=AT_ONCE))


def _product_figures(measured: dict[str, Measured], cpu_ms: float, commits: float) -> list[Figure]:
    ours, bare = measured[PRODUCT], measured[BAREST]
    return [
        Figure(
            ALONE,
            ours.alone_ms(),
            "ms",
            goal="<= 5",
            floor=bare.alone_ms() + len(TEMPLATES) * 1000 / commits,
            floor_name=f"{BAREST} and 5 commits",
            detail=f"p95 {ours.alone_p95_ms():.1f} ms, server CPU {cpu_ms:.1f} ms",
        ),
        Figure(
            BUSY,
            ours.steps_per_second(),
            "/s",
            goal=">= 1,500",
            floor=bare.steps_per_second(),
            floor_name=BAREST,
        ),
        Figure(
            WAVE,
            ours.wave_ratio(),
            "",
            goal="<= 1.06",
            floor=bare.wave_ratio(),
            floor_name=BAREST,
        ),
    ]


def _floor_figures(measured: dict[str, Measured]) -> list[Figure]:
    return [
        figure
        for name, each in measured.items()
        if name != PRODUCT
        for figure in (
            Figure(f"{name}: {ALONE}", each.alone_ms(), "ms"),
            Figure(f"{name}: {BUSY}", each.steps_per_second(), "/s"),
            Figure(f"{name}: {WAVE}", each.wave_ratio(), ""),
        )
    ]
