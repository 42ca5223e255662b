"""Which addresses are public, and which ways of writing one are taken."""

from ipaddress import ip_address

import pytest

from promptpilot.adapters.egress.destination import read_destination
from promptpilot.domain.public_addresses import is_public
from promptpilot.step_errors import EgressRefused, StepInvalid


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00::1"])
def test_an_address_of_the_public_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:1.1.1.1",
        "64:ff9b::7f00:1",
        "64:ff9b::1.1.1.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700:4700::1111%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_of_anybodys_own_network_or_of_no_network_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.1.1.1",
        "example.0x1",
        "[::ffff:127.0.0.1%25lo]",
        "[fe80::1%25eth0]",
    ],
)
def test_an_address_in_an_unusual_spelling_is_refused(host: str) -> None:
    with pytest.raises((EgressRefused, StepInvalid)):
        read_destination(f"http://{host}/")


@pytest.mark.parametrize("host", ["１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1"])
def test_a_host_that_unicode_makes_an_address_of_is_read_as_that_address(host: str) -> None:
    assert read_destination(f"http://{host}/").address == ip_address("127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "http:///path",
        "http://",
        "http://one@example.com/",
        "http://one:two@example.com/",
        "http://:two@example.com/",
        "http://example.com\\@example.org/",
        "http://example.com/ path",
        "http://example.com/\r\nX: y",
        "http://exam\tple.com/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://[::1/",
        "http://example.com/" + "a" * 9_000,
    ],
)
def test_what_is_no_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises((EgressRefused, StepInvalid)):
        read_destination(url)


def test_a_host_is_read_in_lower_case_without_its_last_dot() -> None:
    found = read_destination("HTTPS://API.Example.COM./x?y=1#z")
    assert (found.host, found.port, found.url.scheme) == ("api.example.com", 443, "https")
    assert found.url.fragment == ""
