"""The whole product in this process, until it is told to stop."""

import gc
from collections.abc import Callable
from pathlib import Path

from embedded.gateway import Gateway
from embedded.live_gateway import LiveGateway
from embedded.platform import EmbeddedPlatform
from embedded.server import serve
from promptpilot.adapters.tracing import start_tracing
from promptpilot.settings import Settings

GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""Python's own collect after every 700 new objects, which a step makes several times over."""


def serve_until_stopped(
    *,
    host: str,
    port: int,
    data: Path | None,
    with_model: bool,
    on_ready: Callable[[str], None],
) -> None:
    """Serve the platform of a data folder; `on_ready` gets the URL.

    Raises `StoreUnavailable` where another process has the folder, `OSError` where the address or
    the folder cannot be had.
    """
    settings = Settings.read()
    if data is not None:
        settings = settings.model_copy(update={"data": data})
    tracing = start_tracing(settings)
    platform = EmbeddedPlatform(settings, with_model=with_model)
    platform.start()
    gateway = Gateway(
        documents={"/.well-known/jwks.json": platform.jwks},
        sockets=LiveGateway(platform.live),
        settle=platform.database.settle,
    )
    _collect_seldom()

    def stop() -> None:
        platform.close()
        if tracing is not None:
            tracing.close()

    serve(gateway, host=host, port=port, on_ready=on_ready, on_stop=stop)


def _collect_seldom() -> None:
    """Look for garbage less often, and never through what has been loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
