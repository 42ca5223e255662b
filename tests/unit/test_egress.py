"""The requests of workflows: where they may go, whatever their author or a server tries."""

import asyncio
import gzip
import zlib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

import aiohttp
import pytest

from promptpilot.adapters.egress.bodies import MAX_ANSWER_BYTES
from promptpilot.adapters.egress.client import MAX_BODY_BYTES, AiohttpEgress
from promptpilot.adapters.egress.pinned import pinned_connector
from promptpilot.domain.egress import EgressRules
from promptpilot.domain.egress_opened import Opened
from promptpilot.errors import ActionError, ActionUnavailable, EgressRefused, StepInvalid
from promptpilot.ports import OutboundAnswer, OutboundRequest
from tests.unit.hostile_site import answer, redirect, serving

ANYWHERE = EgressRules()
LOOPBACK = Opened.read(["127.0.0.0/8"])
CLOSED = Opened()


class Names:
    """A resolver: the addresses of hosts, each answer used up but for the last."""

    def __init__(self, **hosts: Sequence[str]) -> None:
        self._answers = {name.replace("_", "."): list(each) for name, each in hosts.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> tuple[object, ...]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError(host)
        answers = self._answers[host]
        texts = answers.pop(0) if len(answers) > 1 else answers[0]
        return tuple(map(ip_address, texts.split()))


def request(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 20.0,
) -> OutboundRequest:
    return OutboundRequest(method, url, headers or {}, body, timeout)


async def send(
    url: str, rules: EgressRules = ANYWHERE, opened: Opened = LOOPBACK, **fields: object
) -> OutboundAnswer:
    return await AiohttpEgress(opened).send(request(url, **fields), rules)


async def test_an_answer_is_brought_back_whole() -> None:
    body = b'{"fine": true}'
    reply = answer(body, "201 Created", Content_Type="application/json", Set_Cookie="a=1")
    async with serving({"/made": reply}) as site:
        came = await send(f"{site.url}/made?x=1", method="POST", body=b"sent")
    assert (came.status, came.body) == (201, body)
    assert came.headers["content-type"] == "application/json"
    assert came.url == f"{site.url}/made?x=1"
    [head] = site.heads
    assert head.startswith("POST /made?x=1 HTTP/1.1")
    assert site.requests[0].endswith(b"sent")


@pytest.mark.parametrize("path", ["", "/latest/meta-data/"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]"]
)
async def test_an_address_that_is_not_public_is_refused(host: str, path: str) -> None:
    with pytest.raises(EgressRefused):
        await send(f"http://{host}{path}", opened=CLOSED)


@pytest.mark.parametrize(
    "addresses", ["127.0.0.1", "10.0.0.7", "::1", "1.1.1.1 127.0.0.1", "1.1.1.1 ::ffff:10.0.0.1"]
)
async def test_a_name_with_any_address_that_is_not_public_is_refused(addresses: str) -> None:
    egress = AiohttpEgress(CLOSED, resolve=Names(inside_example_com=[addresses]))
    with pytest.raises(EgressRefused, match="no public address"):
        await egress.send(request("http://inside.example.com/"), ANYWHERE)


async def test_localhost_by_its_name_is_refused() -> None:
    with pytest.raises(EgressRefused):
        await send("http://localhost/", opened=CLOSED)


async def test_a_name_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(ActionUnavailable, match=r"no host nowhere\.example\.com"):
        await AiohttpEgress(CLOSED, resolve=Names()).send(
            request("http://nowhere.example.com/"), ANYWHERE
        )


async def test_the_connection_goes_to_the_address_that_was_checked_and_no_name_is_asked_twice() -> (
    None
):
    names = Names(tool_example_com=["127.0.0.1", "10.9.9.9"])
    async with serving({"/": answer(b"here")}) as site:
        egress = AiohttpEgress(LOOPBACK, resolve=names)
        came = await egress.send(request(f"http://tool.example.com:{site.port}/"), ANYWHERE)
    assert came.body == b"here"
    assert names.asked == ["tool.example.com"]
    assert f"Host: tool.example.com:{site.port}" in site.heads[0]


async def test_a_name_that_turns_private_after_a_redirect_is_refused() -> None:
    async with serving({}) as site:
        names = Names(tool_example_com=["127.0.0.1", "10.9.9.9"])
        site.replies = {"/": redirect(f"http://tool.example.com:{site.port}/again")}
        egress = AiohttpEgress(LOOPBACK, resolve=names)
        with pytest.raises(EgressRefused):
            await egress.send(request(f"http://tool.example.com:{site.port}/"), ANYWHERE)
    assert len(site.requests) == 1


async def test_a_connection_to_an_address_that_was_not_checked_is_not_made() -> None:
    async with serving({"/": answer()}) as site:
        connector = pinned_connector([ip_address("192.0.2.1")])
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(site.url)
    assert site.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "//192.168.0.1/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://one:two@127.0.0.1/",
    ],
)
async def test_a_redirect_is_checked_like_a_request(target: str) -> None:
    async with serving({"/": redirect(target)}) as site:
        opened = Opened.read([f"127.0.0.1:{site.port}"])
        with pytest.raises(EgressRefused):
            await send(f"{site.url}/", opened=opened)


@pytest.mark.parametrize("target", ["/a b", "http://[", "\\\\there"])
async def test_a_redirect_to_what_is_no_url_is_the_servers_fault(target: str) -> None:
    async with serving({"/": redirect(target)}) as site:
        with pytest.raises(ActionError, match="redirects to what is no URL"):
            await send(f"{site.url}/")


async def test_a_header_that_is_not_unicode_can_be_stored_all_the_same() -> None:
    reply = answer(b"x")[:-5] + b"\r\nX-Name: caf\xe9 \xc3\xa9\r\n\r\nx"
    async with serving({"/": reply}) as site:
        came = await send(f"{site.url}/")
    assert came.headers["x-name"] == "caf\ufffd \u00e9"


async def test_redirects_are_followed_five_times_and_no_more() -> None:
    steps = {f"/{at}": redirect(f"/{at + 1}") for at in range(6)}
    async with serving({**steps, "/6": answer(b"end")}) as site:
        came = await send(f"{site.url}/1")
        assert (came.body, came.url) == (b"end", f"{site.url}/6")
        with pytest.raises(ActionError, match="redirects"):
            await send(f"{site.url}/0")


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", "301 Moved", "GET"),
        ("POST", "302 Found", "GET"),
        ("POST", "303 See Other", "GET"),
        ("PUT", "302 Found", "PUT"),
        ("PUT", "303 See Other", "GET"),
        ("HEAD", "303 See Other", "HEAD"),
        ("POST", "307 Temporary Redirect", "POST"),
        ("DELETE", "308 Permanent Redirect", "DELETE"),
    ],
)
async def test_a_redirect_keeps_the_method_or_asks_with_get(
    method: str, status: str, then: str
) -> None:
    async with serving({"/": redirect("/there", status), "/there": answer()}) as site:
        body = b"" if method == "HEAD" else b"sent"
        await send(f"{site.url}/", method=method, body=body, headers={"Content-Type": "text/x"})
    assert site.heads[1].startswith(f"{then} /there ")
    assert site.requests[1].endswith(b"sent") == (then == method != "HEAD")
    assert ("Content-Type: text/x" in site.heads[1]) == (then == method)


async def test_credentials_stay_with_the_origin_that_they_were_given_for() -> None:
    secrets = {"Authorization": "Bearer x", "X-Api-Key": "x", "Cookie": "a=x", "X-Trace": "kept"}
    async with serving({"/there": answer()}) as other, serving({}) as site:
        site.replies = {
            "/": redirect("/same"),
            "/same": redirect(f"{other.url}/there"),
        }
        await send(f"{site.url}/", headers=secrets)
    assert all("Authorization: Bearer x" in head for head in site.heads)
    [head] = other.heads
    assert "X-Trace: kept" in head
    for name in ("Authorization", "X-Api-Key", "Cookie"):
        assert name not in head


async def test_cookies_of_one_answer_are_not_sent_with_the_next_request() -> None:
    async with serving({"/": redirect("/next")[:-2] + b"Set-Cookie: a=1\r\n\r\n"}) as site:
        await send(f"{site.url}/")
    assert "Cookie" not in site.heads[1]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving({"/": answer(b"direct")}) as site:
        assert (await send(f"{site.url}/")).body == b"direct"


@pytest.mark.parametrize(
    ("allow", "host", "port", "allowed"),
    [
        (None, "any.example.com", 443, True),
        (None, "any.example.com", 80, True),
        (None, "any.example.com", 8080, False),
        ((), "any.example.com", 443, False),
        (("api.example.com",), "api.example.com", 443, True),
        (("API.Example.com",), "api.example.com", 443, True),
        (("api.example.com",), "xapi.example.com", 443, False),
        (("api.example.com",), "api.example.com.evil.example", 443, False),
        (("api.example.com",), "api.example.com", 8443, False),
        (("api.example.com:8443",), "api.example.com", 8443, True),
        (("api.example.com:8443",), "api.example.com", 443, False),
        (("*.example.org",), "a.b.example.org", 443, True),
        (("*.example.org",), "example.org", 443, False),
        (("*.example.org",), "evilexample.org", 443, False),
        (("*.example.org:8443",), "a.example.org", 8443, True),
        (("[2606:4700::1]:8443",), "2606:4700::1", 8443, True),
        (("1.1.1.1",), "1.1.1.1", 443, True),
    ],
)
def test_rules_allow_hosts_by_name_and_port(
    allow: tuple[str, ...] | None, host: str, port: int, allowed: bool
) -> None:
    assert EgressRules(allow=allow).allows(host, port) is allowed


@pytest.mark.parametrize(
    "pattern", ["", "*", "*.*.com", "a b", "http://a.com", "a.com/x", "a.com:0", "-a.com", "a..com"]
)
def test_what_is_no_host_is_no_rule(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        EgressRules(allow=(pattern,))


async def test_a_workspace_that_allows_some_hosts_reaches_no_other_not_even_an_opened_one() -> None:
    async with serving({"/": answer(b"x")}) as site:
        rules = EgressRules(allow=("127.0.0.1",))
        with pytest.raises(EgressRefused, match="does not allow"):
            await send(f"{site.url}/", rules)
        named = EgressRules(allow=(f"127.0.0.1:{site.port}",))
        assert (await send(f"{site.url}/", named)).body == b"x"
        with pytest.raises(EgressRefused, match="no public"):
            await send(f"{site.url}/", named, CLOSED)


async def test_a_public_host_is_called_on_the_standard_ports_alone() -> None:
    egress = AiohttpEgress(CLOSED, resolve=Names(api_example_com=["1.1.1.1"]))
    with pytest.raises(EgressRefused, match="80 and 443"):
        await egress.send(request("http://api.example.com:22/"), ANYWHERE)


async def test_an_operator_opens_a_host_by_its_name_and_port() -> None:
    names = Names(tool_internal=["127.0.0.1"])
    async with serving({"/": answer(b"x")}) as site:
        opened = Opened.read([f"tool.internal:{site.port}"])
        egress = AiohttpEgress(opened, resolve=names)
        came = await egress.send(request(f"http://tool.internal:{site.port}/"), ANYWHERE)
        assert came.body == b"x"
        with pytest.raises(EgressRefused):
            await egress.send(request(f"{site.url}/"), ANYWHERE)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "a b", "x:y", "10.0.0.0/99", "http://x", "*.a"])
def test_what_an_operator_opens_is_a_host_or_a_network(entry: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Opened.read([entry])


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
