"""The `promptpilot` command."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from embedded.demo.server import LOG_FILE
from embedded.demo.setup import ACCOUNT_FILE, SHIPPED
from promptpilot.errors import PromptPilotError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="PromptPilot Pro, whole in one process."
)

Data = Annotated[
    Path | None, typer.Option(help="Folder for everything durable.", show_default=".promptpilot")
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any that is free.")
]

WIDTH = 120
"""Columns of the demo's table where there is no terminal to ask."""


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    data: Data = None,
    model: Annotated[bool, typer.Option(help="Run the small model that ships.")] = True,
) -> None:
    """Serve the API; when ready, one line of JSON with its `url` goes to stdout."""
    from embedded.serve import serve_until_stopped

    def ready(url: str) -> None:
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()

    with _told():
        serve_until_stopped(host=host, port=port, data=data, with_model=model, on_ready=ready)


@app.command()
def demo(
    host: Host = "127.0.0.1",
    port: Port = 0,
    data: Data = None,
    keep_serving: Annotated[
        bool, typer.Option("--keep-serving", help="Go on serving afterwards.")
    ] = False,
    model: Annotated[
        str,
        typer.Option(
            help="Which model does it: `openai/gpt-5-nano` with OPENAI_API_KEY set, or any other."
            " The one that ships is run for itself only."
        ),
    ] = SHIPPED,
) -> None:
    """Do the main job once: the notes of two meetings through a workflow, and an approval."""
    from embedded.demo.client import RequestRefusedError
    from embedded.demo.run import run_demo, show
    from embedded.demo.server import running_server
    from promptpilot.settings import Settings

    with _told():
        folder = data or Settings.read().data
        folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends the server too
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    with running_server(folder, host, port, with_model=model == SHIPPED) as (url, process):
        try:
            finished = run_demo(url, folder, model, console)
        except RequestRefusedError as refused:
            Console(stderr=True).print(f"Refused: {refused}", markup=False, soft_wrap=True)
            raise typer.Exit(1) from refused
        show(finished, console)
        worked = finished.worked
        if keep_serving and worked:
            _where_to_look(url, folder, console)
            process.wait()
    raise typer.Exit(0 if worked else 1)


@contextmanager
def _told() -> Iterator[None]:
    """Tell what is wrong with the settings, the address or the folder in a line, and exit 1."""
    try:
        yield
    except (PromptPilotError, OSError) as error:
        Console(stderr=True).print(f"Cannot serve: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _where_to_look(url: str, data: Path, console: Console) -> None:
    console.print(f"\nServing at [bold]{url}[/bold] until Ctrl-C.")
    console.print(f"  Every route, to read and to try: {url}/docs")
    console.print(f"  The demo's account, to log in with: {data / ACCOUNT_FILE}")
    console.print(f"  What the server logs: {data / LOG_FILE}")


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
