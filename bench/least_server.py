"""The floor of a durable workflow service: the chain of the benchmark behind HTTP, with its
promises and nothing else.

`POST /` with `{"text": ..., "model": <base URL>}` answers with the output when the run and all of
its logs are on the disk. A step is not begun before the one before it is. No accounts, no checks,
no states, no retries, no limits: what any server pays that keeps what this one keeps. Runs that are
under way at once share their commits.
"""

import asyncio
import json
import os
import socket
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from bench.chain_work import run_bare
from bench.hello import AnnouncingServer

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

SCHEMA = """
CREATE TABLE run (id INTEGER PRIMARY KEY, input TEXT NOT NULL, output TEXT);
CREATE TABLE log (
    run INTEGER NOT NULL, step INTEGER NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (run, step)
) WITHOUT ROWID;
"""


class Store:
    """Rows that are on the disk once their write has returned, many by one flush."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(SCHEMA)
        self._log = os.open(path.with_name(f"{path.name}-wal"), os.O_RDONLY)
        self._waiting: list[asyncio.Future[None]] = []

    async def write(self, statement: str, *values: object) -> int:
        """Execute; returns the row's number."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._database.execute("BEGIN IMMEDIATE")
            loop.call_soon(self._commit)
        row = self._database.execute(statement, values).lastrowid
        flushed = loop.create_future()
        self._waiting.append(flushed)
        await flushed
        return row or 0

    def _commit(self) -> None:
        self._database.execute("COMMIT")
        os.fdatasync(self._log)
        waiting, self._waiting = self._waiting, []
        for flushed in waiting:
            flushed.set_result(None)


class LeastServer:
    """The ASGI application."""

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._http: aiohttp.ClientSession | None = None

    async def __call__(self, _scope: Any, receive: Receive, send: Send) -> None:
        """Run the chain."""
        chunks, more = [], True
        while more:
            message = await receive()
            chunks.append(message["body"])
            more = message.get("more_body", False)
        asked = json.loads(b"".join(chunks))
        output = await self._run(asked["text"], f"{asked['model']}/chat/completions")
        body = json.dumps({"status": "succeeded", "output": output}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _run(self, text: str, url: str) -> str:
        store = self._store
        run = await store.write("INSERT INTO run (input) VALUES (?)", text)
        step = 0

        async def ask(prompt: str) -> str:
            nonlocal step
            step += 1
            request = json.dumps(
                {"model": "echo", "messages": [{"role": "user", "content": prompt}]}
            )
            answer = await self._asked(url, request)
            await store.write("INSERT INTO log VALUES (?, ?, ?, ?)", run, step, request, answer)
            return str(json.loads(answer)["choices"][0]["message"]["content"])

        output = await run_bare(ask, text)
        await store.write("UPDATE run SET output = ? WHERE id = ?", output, run)
        return output

    async def _asked(self, url: str, request: str) -> str:
        if self._http is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._http = aiohttp.ClientSession(connector=connector, raise_for_status=True)
        headers = {"content-type": "application/json"}
        async with self._http.post(url, data=request, headers=headers) as response:
            return await response.text()


def main() -> None:
    """Serve on a free port of the loopback interface, with a new file in the folder of the first
    argument, until stopped.
    """
    application = LeastServer(Path(sys.argv[1]) / "least.db")
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
    )
    AnnouncingServer(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
