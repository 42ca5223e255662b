"""Which hosts a workspace, and the operator, let workflows call."""

import pytest

from promptpilot.adapters.egress.client import AiohttpEgress
from promptpilot.domain.egress import EgressRules
from promptpilot.domain.egress_opened import Opened
from promptpilot.step_errors import EgressRefused
from tests.unit.hostile_site import answer, serving
from tests.unit.sending import ANYWHERE, CLOSED, Names, request, send


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
