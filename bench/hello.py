"""The floor of any HTTP service here: uvicorn with uvloop and httptools, saying hello."""

import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn

BODY = b"hello"
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"%d" % len(BODY))],
}
END = {"type": "http.response.body", "body": BODY}

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def hello(_scope: Any, receive: Receive, send: Send) -> None:
    """Answer any request with five bytes, after reading its body as every service must."""
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(END)


class AnnouncingServer(uvicorn.Server):
    """Says on standard output where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            url = f"http://127.0.0.1:{each.getsockname()[1]}"
            print(json.dumps({"url": url}), flush=True)


def main() -> None:
    """Serve on a free port of the loopback interface until stopped."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        hello, loop="uvloop", http="httptools", lifespan="off", log_level="error", access_log=False
    )
    AnnouncingServer(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
