"""A platform in memory with live connections, and users with tokens."""

from collections.abc import Iterator

import pytest

from embedded.event_bus import LocalEventBus
from embedded.live import LocalLive
from functions.live.handler import handler
from promptpilot import platform
from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Claims
from promptpilot.errors import Unauthenticated
from promptpilot.platform import Platform
from tests.handlers.here import Caller, KnowsNobody, make_user, memory_platform
from tests.live.clients import live_server


@pytest.fixture
def live() -> LocalLive:
    return LocalLive()


@pytest.fixture
def bus(live: LocalLive) -> LocalEventBus:
    return LocalEventBus({}, everything=live.while_open(handler))


class KnowsTokens(KnowsNobody):
    """An `Identity` that has given out the tokens of `token_of`."""

    def verify(self, access_token: str) -> Claims:
        prefix, _, user = access_token.partition(".")
        if prefix != "token":
            raise Unauthenticated
        return Claims(user=user, expires_at=epoch_ms() // 1000 + 60)


def token_of(caller: Caller) -> str:
    return f"token.{caller.user}"


@pytest.fixture
def ports(live: LocalLive, bus: LocalEventBus) -> Iterator[Platform]:
    ports = memory_platform(identity=KnowsTokens(), live=live, event_bus=bus)
    platform.install(ports)
    yield ports
    platform.install(None)


@pytest.fixture
def one(ports: Platform) -> Caller:
    return make_user("One")


@pytest.fixture
def two(ports: Platform) -> Caller:
    return make_user("Two")


@pytest.fixture
def url(live: LocalLive, ports: Platform) -> Iterator[str]:
    with live_server(live) as url:
        yield url
