"""The requests of workflows: where they may go, whatever their author or a server tries."""

from ipaddress import ip_address

import aiohttp
import pytest

from promptpilot.adapters.egress.client import AiohttpEgress
from promptpilot.adapters.egress.pinned import pinned_connector
from promptpilot.domain.egress_opened import Opened
from promptpilot.step_errors import ActionError, ActionUnavailable, EgressRefused
from tests.unit.hostile_site import answer, redirect, serving
from tests.unit.sending import ANYWHERE, CLOSED, LOOPBACK, Names, request, send


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
