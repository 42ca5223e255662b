"""What is sent and what is taken for an answer, whatever the author or a server tries."""

import asyncio
import gzip
import zlib

import pytest

from promptpilot.adapters.egress.bodies import MAX_ANSWER_BYTES
from promptpilot.adapters.egress.client import MAX_BODY_BYTES
from promptpilot.step_errors import ActionError, ActionUnavailable, StepInvalid
from tests.unit.hostile_site import answer, serving
from tests.unit.sending import send


async def test_a_header_that_is_not_unicode_can_be_stored_all_the_same() -> None:
    reply = answer(b"x")[:-5] + b"\r\nX-Name: caf\xe9 \xc3\xa9\r\n\r\nx"
    async with serving({"/": reply}) as site:
        came = await send(f"{site.url}/")
    assert came.headers["x-name"] == "caf\ufffd \u00e9"


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nY: b"},
        {"X": "a\nb"},
        {"X\r\nY": "a"},
        {"X Y": "a"},
        {"": "a"},
        {"X": "\u2603"},
        {"X": "a\0b"},
        {"Host": "other.example.com"},
        {"host": "other.example.com"},
        {"Content-Length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "upgrade"},
        {"Proxy-Authorization": "x"},
        {"Accept-Encoding": "br"},
        {"X": "a" * 40_000},
        {f"X-{at}": "a" for at in range(101)},
    ],
)
async def test_a_header_that_could_change_the_request_is_refused(headers: dict[str, str]) -> None:
    async with serving({"/": answer()}) as site:
        with pytest.raises(StepInvalid):
            await send(f"{site.url}/", headers=headers)
    assert site.requests == []


async def test_a_body_over_the_limit_is_not_sent() -> None:
    async with serving({"/": answer()}) as site:
        with pytest.raises(StepInvalid, match="body"):
            await send(f"{site.url}/", method="POST", body=b"x" * (MAX_BODY_BYTES + 1))
    assert site.requests == []


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_compressed_body_is_decompressed(coding: str) -> None:
    body = b"words " * 1_000
    packed = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    async with serving({"/": answer(packed, Content_Encoding=coding)}) as site:
        assert (await send(f"{site.url}/")).body == body


async def test_a_body_that_swells_is_cut_off_at_the_limit() -> None:
    bomb = gzip.compress(bytes(200 * MAX_ANSWER_BYTES))
    assert len(bomb) < MAX_ANSWER_BYTES
    async with serving({"/": answer(bomb, Content_Encoding="gzip")}) as site:
        with pytest.raises(ActionError, match="larger than"):
            await send(f"{site.url}/")


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd"])
async def test_a_coding_that_was_not_asked_for_is_not_guessed_at(coding: str) -> None:
    async with serving({"/": answer(b"x", Content_Encoding=coding)}) as site:
        with pytest.raises(ActionUnavailable):
            await send(f"{site.url}/")


async def test_what_only_says_that_it_is_compressed_is_no_answer() -> None:
    async with serving({"/": answer(b"plain", Content_Encoding="gzip")}) as site:
        with pytest.raises(ActionUnavailable):
            await send(f"{site.url}/")


async def _endless(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()


async def test_a_body_without_an_end_is_cut_off_at_the_limit() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await _endless(writer, b"10000\r\n" + bytes(0x10000) + b"\r\n")

    async with serving({"/": endless}) as site:
        with pytest.raises(ActionError, match="larger than"):
            await send(f"{site.url}/")


@pytest.mark.parametrize("line", [b"X-Header: value\r\n", b"x" * 65_536])
async def test_headers_without_an_end_are_cut_off(line: bytes) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await _endless(writer, line)

    async with serving({"/": endless}) as site:
        with pytest.raises(ActionUnavailable):
            await send(f"{site.url}/")


async def test_a_server_that_dribbles_is_given_up_when_the_time_is_over() -> None:
    async def dribbling(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving({"/": dribbling}) as site:
        with pytest.raises(ActionUnavailable, match=r"0\.2 s"):
            await send(f"{site.url}/", timeout=0.2)


async def test_a_server_that_closes_early_or_speaks_no_http_is_unavailable() -> None:
    async with serving({"/short": answer(b"x" * 9)[:-3], "/odd": b"SSH-2.0-OpenSSH\r\n"}) as site:
        for path in ("/short", "/odd"):
            with pytest.raises(ActionUnavailable):
                await send(f"{site.url}{path}")
        closed = site.url
    with pytest.raises(ActionUnavailable):
        await send(closed)
