"""Whoever publishes a token issuer's keys, on loopback, with good days and bad ones."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key


class JwksServer:
    """What it serves can be changed at any time; `fetches` counts who came. While `gate` is closed,
    whoever comes is held there, and `held` tells of it.
    """

    def __init__(self) -> None:
        self.body: bytes = b""
        self.status = 200
        self.fetches = 0
        self.gate = threading.Event()
        self.gate.set()
        self.held = threading.Event()
        self.url = ""

    def publish(self, *keys: dict[str, Any]) -> None:
        self.status, self.body = 200, json.dumps({"keys": keys}).encode()

    def fail(self, status: int = 503) -> None:
        self.status, self.body = status, b"{}"


@contextmanager
def jwks_server() -> Iterator[JwksServer]:
    served = JwksServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.fetches += 1
            if not served.gate.is_set():
                served.held.set()
                assert served.gate.wait(30)
            self.send_response(served.status)
            self.send_header("Location", served.url)
            self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}/.well-known/jwks.json"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield served
    finally:
        served.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(30)


@cache
def private_key(number: int) -> RSAPrivateKey:
    """The same key for the same number, since they take long to make."""
    return generate_private_key(65537, 2048)


def jwk(number: int, **changed: Any) -> dict[str, Any]:
    """Its public half as a user pool publishes it."""
    numbers = private_key(number).public_key().public_numbers()
    key = {
        "kid": f"key-{number}",
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "n": _base64url(numbers.n),
        "e": _base64url(numbers.e),
    }
    return {name: value for name, value in (key | changed).items() if value is not None}


def _base64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
