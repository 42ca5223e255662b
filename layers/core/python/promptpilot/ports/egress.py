"""Requests of workflows to the outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from promptpilot.domain.egress import EgressRules


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request to somebody else's server. `timeout` is in seconds and covers all of it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: float


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What a server answered, decompressed; the names of `headers` are in lower case. `url` is the
    one that answered, after redirects.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Egress(Protocol):
    """The only way out for requests whose address a workflow's author or its data decide."""

    async def send(self, request: OutboundRequest, rules: EgressRules) -> OutboundAnswer:
        """The answer, redirects followed, whatever its status.

        Goes to public addresses and to what the operator has opened, within what `rules` allow,
        and connects to the very addresses that were checked. Raises `EgressRefused`,
        `ActionUnavailable`, `ActionError` for an answer over 1 MiB, `StepInvalid` for what is no
        request. Cancelling the awaiting task ends the call.
        """
        ...
