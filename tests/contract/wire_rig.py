"""A client of one vendor's format, and a server that answers it as the test wants."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from promptpilot.adapters.models.http.client import HttpModelClient
from promptpilot.domain.message import Message
from promptpilot.domain.model import Completion, ModelRequest
from promptpilot.ports.models import NO_ATTACHMENTS, Attachments
from promptpilot.step_errors import ModelError
from tests.contract.dialects.dialect import Asked, Dialect, Said
from tests.scripted_openai import Behaviour, Received, ScriptedOpenAI, replies, streams

LONG = 30.0
SECRET = "XYZZY"
"""What the servers quote when they fail."""


def pieces_of(text: str, count: int = 3) -> tuple[str, ...]:
    """The text, cut."""
    size = max(1, -(-len(text) // count))
    return tuple(text[start : start + size] for start in range(0, len(text), size))


@dataclass
class WireRig:
    """`told` are the pieces of text of the last answer, where it is streamed."""

    dialect: Dialect
    server: ScriptedOpenAI
    client: HttpModelClient
    stream: bool
    told: list[str] = field(default_factory=list)

    def request(self, *turns: Any, **changes: Any) -> ModelRequest:
        """A request of these turns, or of one."""
        messages = turns or (Message(role="user", content="Hello?"),)
        return ModelRequest(
            model=self.dialect.model, messages=messages, **{"timeout": LONG} | changes
        )

    def answer(self, said: Said, pieces: tuple[str, ...] | None = None) -> Behaviour:
        """The behaviour of a server that says so, in the way that this rig asks."""
        if not self.stream:
            return replies(200, self.dialect.whole(said))
        frames = self.dialect.streamed(said, pieces_of(said.text) if pieces is None else pieces)
        return self.streams(*frames)

    def streams(self, *frames: bytes, end: bool = True) -> Behaviour:
        """The behaviour of a server that streams these."""
        return streams(*frames, end=end, content_type=self.dialect.stream_type)

    def says(self, said: Said, pieces: tuple[str, ...] | None = None) -> None:
        """From now on it does."""
        self.server.behave = self.answer(said, pieces)

    async def ask(
        self, request: ModelRequest | None = None, attachments: Attachments = NO_ATTACHMENTS
    ) -> Completion:
        self.told = []
        return await self.client.complete(
            request or self.request(),
            on_text=self.told.append if self.stream else None,
            attachments=attachments,
        )

    async def asked(
        self, request: ModelRequest, attachments: Attachments = NO_ATTACHMENTS
    ) -> Asked:
        """How a request arrives."""
        self.says(Said())
        await self.ask(request, attachments)
        return self.dialect.asked(self.server.received[-1])

    async def fails(
        self, kind: type[ModelError], request: ModelRequest | None = None
    ) -> ModelError:
        """The error of a call, which is of that very class, and gives nothing away."""
        with pytest.raises(ModelError) as raised:
            await self.ask(request)
        error = raised.value
        assert type(error) is kind, repr(error)
        for text in (str(error), repr(error), repr(error.__cause__)):
            assert SECRET not in text
            assert self.dialect.key not in text
        return error


class Gate:
    """Sends frames one by one, when the test lets it."""

    def __init__(self, *frames: bytes, content_type: str) -> None:
        self._frames = frames
        self._head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()
        self.arrived = asyncio.Event()
        self.go_on = asyncio.Event()

    async def first_frames(self, received: Received, transport: asyncio.Transport) -> None:
        """Send all frames but the last, which waits for `go_on`."""
        transport.write(self._head)
        for each in self._frames[:-1]:
            transport.write(b"%x\r\n%b\r\n" % (len(each), each))
        self.arrived.set()
        await self.go_on.wait()
        last = self._frames[-1]
        transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last))


class LoopClock:
    """Moves the clock of the event loop, which all timeouts go by."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def let_pass(self, seconds: float) -> None:
        """What was to happen by then happens."""
        self.seconds += seconds
        for _ in range(5):
            await asyncio.sleep(0)


@contextmanager
def loop_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopClock]:
    """A clock that the test can move."""
    loop, hands = asyncio.get_running_loop(), LoopClock()
    real = loop.time
    with monkeypatch.context() as patch:
        patch.setattr(loop, "time", lambda: real() + hands.seconds)
        yield hands


def in_use(client: HttpModelClient) -> int:
    """How many connections are taken out of the pools of a client and not given back."""
    connection = client._connections._by_loop[asyncio.get_running_loop()]
    pools = (connection._session.connector, connection._streams.connector)
    return sum(len(each._acquired) for each in pools if each is not None)
