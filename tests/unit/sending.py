"""Requests of workflows, sent as a test says."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from promptpilot.adapters.egress.client import AiohttpEgress
from promptpilot.domain.egress import EgressRules
from promptpilot.domain.egress_opened import Opened
from promptpilot.ports.egress import OutboundAnswer, OutboundRequest

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
