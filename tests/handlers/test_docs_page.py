"""`/docs` shows the API with nothing fetched from elsewhere."""

import base64
import gzip
import re

import pytest

from functions.api.handler import handler
from promptpilot.platform import Platform
from tests.handlers.here import event_of


def fetch(path: str, encoding: str = "") -> tuple[int, dict[str, str], bytes]:
    answer = handler(event_of("GET", path, headers={"accept-encoding": encoding}), None)
    body = answer["body"]
    data = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    return answer["statusCode"], answer["headers"], data


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_everything_that_the_page_needs_is_here(ports: Platform, prefix: str) -> None:
    status, headers, page = fetch(f"{prefix}/docs")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.decode())
    local = [each for each in needed if not each.startswith("data:")]
    assert len(local) == 3
    for each in local:
        assert "//" not in each
        status, headers, data = fetch(f"{prefix}/{each}")
        assert status == 200
        assert len(data) > 100
    _, _, start = fetch(f"{prefix}/docs/start.js")
    assert b'url: "openapi.json"' in start


def test_the_page_may_load_nothing_from_elsewhere(ports: Platform) -> None:
    _, headers, _ = fetch("/docs")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_what_is_large_is_sent_compressed_to_those_who_take_it(ports: Platform) -> None:
    _, plain_headers, plain = fetch("/docs/swagger-ui.js")
    _, headers, packed = fetch("/docs/swagger-ui.js", "br, gzip")
    assert "Content-Encoding" not in plain_headers
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


def test_another_file_is_not_there(ports: Platform) -> None:
    assert fetch("/docs/secrets.txt")[0] == 404
