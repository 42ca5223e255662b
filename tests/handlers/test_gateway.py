"""HTTP becomes API Gateway's events and back, within bounds."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from embedded.gateway import DRAINED_BYTES, Gateway
from embedded.http_protocol import MAX_HEADER_BYTES, HttpProtocol
from functions.api.requests import MAX_BODY_BYTES
from promptpilot.errors import StoreUnavailable
from tests.handlers.served import SECONDS, Connection, Reply, fetch, serving

Event = Mapping[str, Any]


class Recorder:
    """A Lambda handler that remembers its events and answers as it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.answer: Callable[[Event], dict[str, Any]] = lambda _event: ok("{}")

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        self.events.append(event)
        return self.answer(event)


def ok(body: str, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"statusCode": 200, "headers": named, "body": body, "isBase64Encoded": False}


def vouch(event: Event, context: object) -> dict[str, Any]:
    """An authorizer that knows one token."""
    known = event["headers"].get("authorization") == "Bearer good"
    return {"isAuthorized": known, "context": {"user": "user_1", "expires_at": 1} if known else {}}


@pytest.fixture
def handler() -> Recorder:
    return Recorder()


@pytest.fixture
def url(handler: Recorder) -> Iterator[str]:
    gateway = Gateway(
        handler=handler,
        authorizer=vouch,
        documents={"/.well-known/jwks.json": {"keys": []}},
        threads=8,
        body_seconds=0.5,
    )
    with serving(gateway) as server:
        yield server.url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    connection = Connection(url)
    yield connection
    connection.close()


def raw(url: str, data: bytes, *more: bytes) -> bytes:
    """What the server says to these bytes until it closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), SECONDS) as client:
        client.sendall(data)
        for each in more:
            client.sendall(each)
        said = b""
        while chunk := client.recv(65536):
            said += chunk
    return said


def test_a_request_becomes_an_event_of_payload_format_two(
    handler: Recorder, connection: Connection, url: str
) -> None:
    connection.call(
        "POST",
        "/a%20b/c?x=1&x=2&y=%C3%A4&z=",
        b'{"a": "\xc3\xa4"}',
        {"X-One": "1", "Cookie": "a=1; b=2", "User-Agent": "tests/1"},
    )
    [event] = handler.events
    context = event["requestContext"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"] == "$default"
    assert event["rawPath"] == context["http"]["path"] == "/a b/c"
    assert event["rawQueryString"] == "x=1&x=2&y=%C3%A4&z="
    assert event["queryStringParameters"] == {"x": "1,2", "y": "ä", "z": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-one"] == "1"
    assert "cookie" not in event["headers"]
    assert event["body"] == '{"a": "ä"}'
    assert event["isBase64Encoded"] is False
    assert context["stage"] == "$default"
    assert context["domainName"] == urlsplit(url).netloc
    assert context["http"]["method"] == "POST"
    assert context["http"]["protocol"] == "HTTP/1.1"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["http"]["userAgent"] == "tests/1"
    assert abs(context["timeEpoch"] - time.time() * 1000) < 60_000
    assert time.strptime(context["time"], "%d/%b/%Y:%H:%M:%S +0000")
    assert {"accountId", "apiId", "domainPrefix", "requestId"} <= context.keys()
    assert "authorizer" not in context


def test_headers_of_one_name_are_joined_by_a_comma(handler: Recorder, url: str) -> None:
    raw(url, b"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\nConnection: close\r\n\r\n")
    assert handler.events[0]["headers"]["a"] == "1,2"


def test_a_request_without_a_body_or_query_has_neither(
    handler: Recorder, connection: Connection
) -> None:
    connection.call("GET", "/")
    [event] = handler.events
    assert not {"body", "cookies", "queryStringParameters"} & event.keys()


def test_bytes_that_are_no_text_travel_in_base64(handler: Recorder, connection: Connection) -> None:
    connection.call("POST", "/", b"\xff\x00")
    assert handler.events[0]["isBase64Encoded"] is True
    assert base64.b64decode(handler.events[0]["body"]) == b"\xff\x00"


@pytest.mark.parametrize(("token", "user"), [("good", "user_1"), ("bad", None)])
def test_the_authorizer_s_word_goes_with_the_event(
    handler: Recorder, connection: Connection, token: str, user: str | None
) -> None:
    reply = connection.call("GET", "/", headers={"Authorization": f"Bearer {token}"})
    assert reply.status == 200  # what that means is the handler's business
    authorizer = handler.events[0]["requestContext"].get("authorizer")
    assert (authorizer and authorizer["lambda"]["user"]) == user


def test_a_client_cannot_vouch_for_itself(handler: Recorder, connection: Connection) -> None:
    connection.call("GET", "/", headers={"requestContext": "x", "authorizer": "user_1"})
    assert "authorizer" not in handler.events[0]["requestContext"]


def test_an_answer_is_sent_as_it_is(handler: Recorder, connection: Connection) -> None:
    handler.answer = lambda _event: {
        "statusCode": 201,
        "headers": {"Content-Type": "image/png", "ETag": '"1"'},
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }
    reply = connection.call("GET", "/")
    assert (reply.status, reply.body) == (201, b"\x89PNG")
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["etag"] == '"1"'
    assert reply.headers["content-length"] == "4"


def test_a_document_is_served_without_a_handler(handler: Recorder, connection: Connection) -> None:
    reply = connection.call("GET", "/.well-known/jwks.json")
    assert (reply.status, reply.json) == (200, {"keys": []})
    assert reply.headers["x-request-id"]
    assert connection.call("HEAD", "/.well-known/jwks.json").body == b""
    assert handler.events == []


def test_head_has_the_headers_of_get_and_no_body(handler: Recorder, connection: Connection) -> None:
    handler.answer = lambda _event: ok("", etag='"1"')
    head = connection.call("HEAD", "/")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", '"1"')
    assert connection.call("GET", "/").status == 200  # the connection still is in step


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_keeps_the_connection_in_step(
    handler: Recorder, connection: Connection, status: int
) -> None:
    handler.answer = lambda _event: {**ok(""), "statusCode": status}
    for _ in range(3):
        reply = connection.call("GET", "/")
        assert (reply.status, reply.body) == (status, b"")
        assert "transfer-encoding" not in reply.headers


def too_large(reply: Reply) -> bool:
    return (reply.status, reply.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 3 * MAX_BODY_BYTES, DRAINED_BYTES])
def test_a_body_that_is_too_large_never_reaches_the_handler(
    handler: Recorder, url: str, size: int
) -> None:
    assert too_large(fetch(url, "POST", "/", b" " * size))
    assert handler.events == []


def test_a_body_that_is_too_large_is_refused_whatever_its_length_was_said_to_be(
    handler: Recorder, url: str
) -> None:
    chunk = b"%x\r\n%s\r\n" % (65536, b" " * 65536)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = raw(url, head, *([chunk] * 20), b"0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413")
    assert handler.events == []


def test_a_huge_body_is_refused_before_it_is_sent(handler: Recorder, url: str) -> None:
    said = raw(url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in said.lower()


def test_a_body_of_the_largest_size_is_taken(handler: Recorder, connection: Connection) -> None:
    assert connection.call("POST", "/", b" " * MAX_BODY_BYTES).status == 200
    assert len(handler.events[0]["body"]) == MAX_BODY_BYTES


def test_a_body_shorter_than_it_was_said_to_be_is_waited_for_not_for_ever(
    handler: Recorder, url: str
) -> None:
    said = raw(url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{}")
    assert said.startswith(b"HTTP/1.1 408")
    assert b'"code":"request_timed_out"' in said
    assert handler.events == []


def test_headers_that_come_too_slowly_end_the_connection(
    handler: Recorder, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpProtocol, "header_seconds", 0.3)
    assert raw(url, b"") == b""
    assert raw(url, b"GET / HTTP/1.1\r\nHost:") == b""
    whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert raw(url, whole + b"GET / HTTP/1.1\r\nHo").count(b"HTTP/1.1 200") == 1


def test_too_many_headers_are_a_431(handler: Recorder, url: str) -> None:
    header = b"X-Header: " + b"x" * 1000 + b"\r\n"
    assert len(header) * 80 > MAX_HEADER_BYTES
    said = raw(url, b"GET / HTTP/1.1\r\nHost: x\r\n" + header * 80)
    assert said.startswith(b"HTTP/1.1 431")
    assert b'"code":"headers_too_large"' in said
    assert handler.events == []


def test_a_header_without_an_end_ends_the_connection(handler: Recorder, url: str) -> None:
    # It stops reading, so that the client may lose the answer with what it sent in vain.
    try:
        said = raw(url, b"GET / HTTP/1.1\r\nX: ", *([b"x" * 4096] * 100))
    except OSError:
        said = b""
    assert said.startswith(b"HTTP/1.1 431") or said == b""
    assert handler.events == []


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_400(handler: Recorder, url: str, data: bytes) -> None:
    said = raw(url, data)
    assert said.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in said


def test_a_defect_of_the_handler_does_not_end_the_server(
    handler: Recorder, connection: Connection, url: str
) -> None:
    def broken(_event: Event) -> dict[str, Any]:
        raise RuntimeError("broken")

    handler.answer = broken
    assert connection.call("GET", "/").status == 500
    handler.answer = lambda _event: ok("{}")
    assert fetch(url, "GET", "/").status == 200


def test_requests_that_wait_hold_up_nobody_and_one_too_many_is_told_to_come_back(
    handler: Recorder, url: str
) -> None:
    go = threading.Event()
    arrived = threading.Semaphore(0)

    def wait(event: Event) -> dict[str, Any]:
        if event["rawPath"] == "/wait":
            arrived.release()
            assert go.wait(SECONDS)
        return ok("{}")

    handler.answer = wait
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(fetch, url, "GET", "/wait") for _ in range(7)]
        for _ in waiting:
            assert arrived.acquire(timeout=SECONDS)
        assert fetch(url, "GET", "/").status == 200
        waiting.append(threads.submit(fetch, url, "GET", "/wait"))
        assert arrived.acquire(timeout=SECONDS)
        refused = fetch(url, "GET", "/")
        go.set()
        assert {each.result(SECONDS).status for each in waiting} == {200}
    assert (refused.status, refused.json["code"]) == (503, "unavailable")
    assert refused.headers["retry-after"] == "1"
    assert fetch(url, "GET", "/").status == 200


def test_every_answer_has_a_request_id_of_its_own(
    handler: Recorder, connection: Connection, url: str
) -> None:
    handler.answer = lambda event: ok("", X_Request_Id=event["requestContext"]["requestId"])
    ids = [connection.call("GET", "/").headers["x-request-id"] for _ in range(3)]
    ids.append(fetch(url, "POST", "/", b" " * (MAX_BODY_BYTES + 1)).headers["x-request-id"])
    assert len(set(ids)) == 4
    assert ids[:3] == [event["requestContext"]["requestId"] for event in handler.events]


class Lines:
    """Where the access log goes in a test."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_each_request_is_one_line_of_json_without_secrets(handler: Recorder) -> None:
    lines = Lines()
    gateway = Gateway(handler=handler, authorizer=vouch)
    gateway.log_to(lines)
    with serving(gateway) as server:
        connection = Connection(server.url, "good")
        connection.call("POST", '/a"b%0A?token=secret', b'{"password": "secret"}')
        connection.close()
    [line] = lines.text.splitlines()
    logged = json.loads(line)
    assert logged["path"] == '/a"b\n'
    assert (logged["method"], logged["status"], logged["user"]) == ("POST", 200, "user_1")
    assert logged["request_id"] == handler.events[0]["requestContext"]["requestId"]
    assert logged["ms"] >= 0
    assert "secret" not in line
    assert "good" not in line


def test_an_answer_is_sent_once_what_it_tells_is_on_the_disk(handler: Recorder) -> None:
    done: list[str] = []

    def answer(_event: Event) -> dict[str, Any]:
        done.append("answered")
        return ok("{}")

    handler.answer = answer
    gateway = Gateway(
        handler=handler, authorizer=vouch, settle=lambda: done.append("on the disk"), threads=8
    )
    with serving(gateway) as server:
        assert fetch(server.url, "GET", "/").status == 200
    assert done == ["answered", "on the disk"]


def test_an_answer_is_not_sent_where_the_disk_failed(handler: Recorder) -> None:
    def settle() -> None:
        raise StoreUnavailable

    gateway = Gateway(handler=handler, authorizer=vouch, settle=settle, threads=8)
    with serving(gateway) as server:
        reply = fetch(server.url, "GET", "/")
    assert reply.status == 503
    assert handler.events
