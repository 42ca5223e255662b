"""The main job, once: the notes of two meetings through a workflow that maps over them, asks a
real model for summary and action items at the same time, and waits for an approval.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from embedded.demo.client import Client
from embedded.demo.setup import log_in, make_workflow, meetings, use_model

LOOK_SECONDS = 0.3
GIVE_UP_SECONDS = 600
SHORT = 160
PROMPTS = 2
"""How many prompts the workflow runs for each meeting."""
ENDED = {"succeeded", "failed", "cancelled", "timed_out"}


@dataclass(frozen=True)
class Finished:
    """An execution that has ended, with its logs."""

    titles: list[str]
    execution: Mapping[str, Any]
    logs: list[Mapping[str, Any]]

    @property
    def prompts(self) -> list[Mapping[str, Any]]:
        """The logs of the steps that called the model."""
        return [log for log in self.logs if log["kind"] == "prompt"]

    @property
    def worked(self) -> bool:
        """Whether it succeeded, every prompt was answered by a model that counted its tokens, and
        somebody approved.
        """
        return (
            self.execution["status"] == "succeeded"
            and self.execution["output"]["decision"] == "approved"
            and len(self.prompts) == PROMPTS * len(self.titles)
            and all(log["text"] and log["usage"]["output_tokens"] for log in self.prompts)
        )


def run_demo(url: str, data: Path, model: str, console: Console) -> Finished:
    """Do the main job over HTTP on the server at `url`, with progress; returns what came of it.
    Raises `RequestRefusedError` for a name that no model can have.
    """
    client = log_in(Client(url), data)
    use_model(client, model)
    workflow = make_workflow(client, model)
    given = meetings()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} prompts"),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        execution = client.post(f"/workflows/{workflow}/execute", {"input": {"meetings": given}})
        task = progress.add_task("meetings", total=PROMPTS * len(given), status="queued")
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while True:
            execution = client.get(f"/executions/{execution['id']}")
            logs = client.get(f"/executions/{execution['id']}/logs")["items"]
            finished = Finished([each["title"] for each in given], execution, logs)
            done = sum(log["status"] == "succeeded" for log in finished.prompts)
            progress.update(task, completed=done, status=execution["status"])
            if execution["status"] in ENDED or time.monotonic() > give_up:
                return finished
            if execution["status"] == "waiting":
                _approve(client, execution["id"], console)
            time.sleep(LOOK_SECONDS)


def _approve(client: Client, execution: str, console: Console) -> None:
    """Decide what the execution waits for, as its user would."""
    for approval in client.get("/approvals?status=pending")["items"]:
        if approval["execution_id"] == execution:
            client.post(f"/approvals/{approval['id']}/decide", {"decision": "approve"})
            console.print(f"Approved: {approval['message']}")


def show(finished: Finished, console: Console) -> None:
    """Print a table of every prompt: model, latency, tokens, cost and the output, shortened."""
    table = Table(title="What the model made of it", show_lines=True)
    for column in ("step", "model", "latency", "tokens in/out", "cost"):
        table.add_column(column, overflow="fold")
    table.add_column("output", ratio=1, min_width=24, overflow="fold")
    for log in finished.prompts:
        table.add_row(*_row(finished.titles[int(log["iteration"])], log))
    error = finished.execution["error"]
    if error:
        table.add_row(str(error["step"] or "-"), "", "", "", "", error["message"])
    console.print(table)


def _row(title: str, log: Mapping[str, Any]) -> tuple[str, ...]:
    usage = log["usage"] or {}
    cost = log["cost_micro_usd"]
    output = " ".join((log["text"] or (log["error"] or {}).get("message") or "").split())
    return (
        f"{title}\n{log['step']}",
        log["model_served"] or log["model"] or "-",
        f"{(log['latency_ms'] or 0) / 1000:.1f} s",
        f"{usage.get('input_tokens', '-')}/{usage.get('output_tokens', '-')}",
        "unknown" if cost is None else f"${cost / 1_000_000:.6f}",
        output if len(output) <= SHORT else output[: SHORT - 1] + "…",
    )
