"""The whole product in this process, until it is told to stop."""

from collections.abc import Callable
from pathlib import Path

from embedded.gateway import Gateway
from embedded.live_gateway import LiveGateway
from embedded.platform import EmbeddedPlatform
from embedded.server import serve
from promptpilot.settings import Settings


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
    platform = EmbeddedPlatform(settings, with_model=with_model)
    platform.start()
    gateway = Gateway(
        documents={"/.well-known/jwks.json": platform.jwks}, sockets=LiveGateway(platform.live)
    )
    serve(gateway, host=host, port=port, on_ready=on_ready, on_stop=platform.close)
