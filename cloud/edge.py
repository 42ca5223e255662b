"""Stands in for CloudFront before the emulated cloud: the web app at `/`, the API below `/api`.

The emulator's own CloudFront answers nobody without TLS, and has no way from `/api/*` to the API.
"""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from cloud.emulator import LOOPBACK

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

API = "/api/"
PAGE = "index.html"
API_SECONDS = 35
"""API Gateway's own limit is 30."""
OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "host"}
"""Headers that are not passed on: they are about one connection, or set by the server itself."""


class Edge(ThreadingHTTPServer):
    """Serves `bucket`, and passes what begins with `/api/` on to the API at `api_url`."""

    daemon_threads = True

    def __init__(self, port: int, *, bucket: str, s3: "S3Client", api_url: str) -> None:
        super().__init__((LOOPBACK, port), _Visit)
        self.bucket = bucket
        self.s3 = s3
        self.api = urlsplit(api_url)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.server_port}"


@contextmanager
def running_edge(edge: Edge) -> Iterator[Edge]:
    """Serve in a thread until the end of the block."""
    thread = threading.Thread(target=edge.serve_forever, daemon=True)
    thread.start()
    try:
        yield edge
    finally:
        edge.shutdown()
        edge.server_close()
        thread.join()


class _Visit(BaseHTTPRequestHandler):
    server: Edge
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        if self.path.startswith(API):
            self._pass_on()
        else:
            self._page()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the emulator has a log."""

    def _page(self) -> None:
        name = urlsplit(self.path).path.lstrip("/") or PAGE
        found = self._object(name) or self._object(PAGE)  # the web app has pages of its own
        if found is None:
            self._reply(404, {"Content-Type": "text/plain"}, b"There is no web app here.\n")
        else:
            self._reply(200, {"Content-Type": found[0]}, found[1])

    def _object(self, name: str) -> tuple[str, bytes] | None:
        try:
            found = self.server.s3.get_object(Bucket=self.server.bucket, Key=name)
        except ClientError:
            return None
        return found["ContentType"], found["Body"].read()

    def _pass_on(self) -> None:
        api = self.server.api
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {each: value for each, value in self.headers.items() if _goes_on(each)}
        connection = http.client.HTTPConnection(api.netloc, timeout=API_SECONDS)
        try:
            connection.request(self.command, f"{api.path}{self.path}", body, headers)
            reply = connection.getresponse()
            self._reply(reply.status, dict(reply.getheaders()), reply.read())
        except OSError:
            self._reply(502, {"Content-Type": "text/plain"}, b"The API cannot be reached.\n")
        finally:
            connection.close()

    def _reply(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if _goes_on(name):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _goes_on(header: str) -> bool:
    return header.lower() not in OF_ONE_HOP
