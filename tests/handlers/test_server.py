"""The server starts, says so, and stops without losing a request."""

import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from embedded.gateway import Gateway
from embedded.server import serve
from tests.handlers.served import SECONDS, Connection, Reply, fetch, serving

PROGRAM = """
import sys, threading
from embedded.gateway import Gateway
from embedded.server import serve

def handler(event, context):
    if event["rawPath"] == "/slow":
        print("began", flush=True)
        sys.stdin.readline()
    return {"statusCode": 200, "headers": {}, "body": "done", "isBase64Encoded": False}

serve(
    Gateway(handler=handler),
    host="127.0.0.1",
    port=0,
    on_ready=lambda url: print(url, flush=True),
    on_stop=lambda: print("stopped", flush=True),
    grace_seconds=GRACE,
)
print("returned", flush=True)
"""


class Program:
    """A server in a process of its own; `/slow` ends when a line is sent to it."""

    def __init__(self, two: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.replace("GRACE", str(two))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self.url = self.line()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def send(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@contextmanager
def program(two: float = 20) -> Iterator[Program]:
    started = Program(two)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_request_finish_and_takes_no_other(number: signal.Signals) -> None:
    with program() as server:
        idle = Connection(server.url)
        assert idle.call("GET", "/").body == b"done"
        replies: list[Reply] = []
        slow = threading.Thread(target=lambda: replies.append(fetch(server.url, "GET", "/slow")))
        slow.start()
        assert server.line() == "began"
        server.process.send_signal(number)
        refused_until_closed(server.url)
        server.send()
        slow.join(SECONDS)
        assert [(reply.status, reply.body) for reply in replies] == [(200, b"done")]
        assert replies[0].headers["connection"] == "close"
        idle.close()
        assert (server.line(), server.line()) == ("stopped", "returned")
        assert server.process.wait(SECONDS) == 0


def refused_until_closed(url: str) -> None:
    """Return once no connection is taken any more."""
    for _ in range(SECONDS * 100):
        try:
            fetch(url, "GET", "/")
        except OSError:
            return
    pytest.fail("connections are still taken")


def test_a_request_that_takes_too_long_does_not_hold_up_the_end() -> None:
    with program(two=1) as server:
        replies: list[Reply] = []
        slow = threading.Thread(target=lambda: replies.append(fetch(server.url, "GET", "/slow")))
        slow.start()
        assert server.line() == "began"
        server.process.terminate()
        assert (server.line(), server.line()) == ("stopped", "returned")
        assert server.process.wait(SECONDS) == 0
        slow.join(SECONDS)
    assert [reply.status for reply in replies] == [503]
    assert replies[0].json["code"] == "unavailable"


def test_the_log_is_json_on_stderr() -> None:
    with program() as server:
        fetch(server.url, "GET", "/")
        server.process.terminate()
        _, errors = server.process.communicate(timeout=SECONDS)
    logged = [json.loads(line) for line in errors.splitlines()]
    assert [each["path"] for each in logged if each["message"] == "request"] == ["/"]


def answer(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}


def test_a_port_of_zero_is_one_that_is_free() -> None:
    with serving(Gateway(handler=answer)) as one, serving(Gateway(handler=answer)) as other:
        assert one.url != other.url
        assert fetch(one.url, "GET", "/").status == 200
        assert fetch(other.url, "GET", "/").status == 200


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with serving(Gateway(handler=answer)) as server:
        port = int(server.url.rpartition(":")[2])
        ends: list[str] = []
        with pytest.raises(OSError):
            serve(
                Gateway(handler=answer),
                host="127.0.0.1",
                port=port,
                on_ready=ends.append,
                on_stop=lambda: ends.append("stopped"),
                log=io.StringIO(),
            )
    assert ends == ["stopped"]


def test_a_server_that_has_stopped_takes_no_connections() -> None:
    with serving(Gateway(handler=answer)) as server:
        url = server.url
    with pytest.raises(OSError):
        fetch(url, "GET", "/")
