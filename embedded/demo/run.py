"""The main job, once: two notes through a workflow of two prompts, at the same time, on a real
model.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from embedded.demo.client import Client
from embedded.demo.setup import log_in, make_workflow, notes

LOOK_SECONDS = 0.3
GIVE_UP_SECONDS = 600
SHORT = 160
STEPS = 2
ENDED = {"succeeded", "failed", "cancelled", "timed_out"}


@dataclass(frozen=True)
class Finished:
    """One execution that has ended, with its logs."""

    note: str
    execution: Mapping[str, Any]
    logs: list[Mapping[str, Any]]

    @property
    def worked(self) -> bool:
        """Whether it succeeded and every step was answered by a model that counted its tokens."""
        return (
            self.execution["status"] == "succeeded"
            and len(self.logs) == STEPS
            and all(log["text"] and log["usage"]["output_tokens"] for log in self.logs)
        )


def run_demo(url: str, data: Path, model: str, console: Console) -> list[Finished]:
    """Do the main job over HTTP on the server at `url`, with progress; returns what came of it."""
    client = log_in(Client(url), data)
    workflow = make_workflow(client, model)
    texts = notes()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(len(texts)) as pool:
        runs = []
        for name, text in texts.items():
            task = progress.add_task(name, total=STEPS, status="queued")
            runs.append(pool.submit(_run, client, workflow, name, text, progress, task))
        return [run.result() for run in runs]


def _run(
    client: Client, workflow: str, name: str, text: str, progress: Progress, task: TaskID
) -> Finished:
    started = client.post(f"/workflows/{workflow}/execute", {"input": {"notes": text}})
    give_up = time.monotonic() + GIVE_UP_SECONDS
    while True:
        execution = client.get(f"/executions/{started['id']}")
        logs = client.get(f"/executions/{started['id']}/logs")["items"]
        done = sum(log["status"] == "succeeded" for log in logs)
        progress.update(task, completed=done, status=execution["status"])
        if execution["status"] in ENDED or time.monotonic() > give_up:
            return Finished(name, execution, logs)
        time.sleep(LOOK_SECONDS)


def show(finished: list[Finished], console: Console) -> None:
    """Print a table of every step: model, latency, tokens, cost and the output, shortened."""
    table = Table(title="What the model made of it", show_lines=True)
    for column in ("step", "model", "latency", "tokens in/out", "cost"):
        table.add_column(column, overflow="fold")
    table.add_column("output", ratio=1, min_width=24, overflow="fold")
    for each in finished:
        for log in each.logs:
            table.add_row(*_row(each.note, log))
        error = each.execution["error"]
        if error:
            table.add_row(f"{each.note}\n{error['step'] or '-'}", "", "", "", "", error["message"])
    console.print(table)


def _row(note: str, log: Mapping[str, Any]) -> tuple[str, ...]:
    usage = log["usage"] or {}
    cost = log["cost_micro_usd"]
    output = " ".join((log["text"] or (log["error"] or {}).get("message") or "").split())
    return (
        f"{note}\n{log['step']}",
        log["model_served"] or log["model"] or "-",
        f"{(log['latency_ms'] or 0) / 1000:.1f} s",
        f"{usage.get('input_tokens', '-')}/{usage.get('output_tokens', '-')}",
        "unknown" if cost is None else f"${cost / 1_000_000:.6f}",
        output if len(output) <= SHORT else output[: SHORT - 1] + "…",
    )
