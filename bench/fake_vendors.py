"""The APIs of all vendors on loopback: each answers at once, always the same, in its own format.

It serves thousands of calls a second: what is measured is the caller.
"""

import asyncio
import json
from collections.abc import Mapping
from functools import partial

import uvloop

from bench.fake_openai import Connection
from tests.contract.dialects.all_dialects import DIALECTS
from tests.contract.dialects.dialect import Said

ANSWER = "The pilot cost less than planned, and both branches want to go on. " * 3

_FORMATS = {
    b"/chat/completions": "chat completions",
    b"/responses": "responses",
    b"/messages": "anthropic",
    b":generateContent": "gemini",
}
REPLIES: Mapping[bytes, bytes] = {
    ending: DIALECTS[name].whole(Said(text=ANSWER)) for ending, name in _FORMATS.items()
}
"""By how the path ends."""

_UNKNOWN = b'{"error": {"message": "no such path"}}'


def _answer(path: bytes, _body: bytes) -> tuple[int, bytes]:
    plain = path.partition(b"?")[0]
    reply = next((each for ending, each in REPLIES.items() if plain.endswith(ending)), None)
    return (404, _UNKNOWN) if reply is None else (200, reply)


async def main() -> None:
    """Listen on a free port of the loopback interface, and say which."""
    loop = asyncio.get_running_loop()
    made = partial(Connection, loop, _answer)
    server = await loop.create_server(made, "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
