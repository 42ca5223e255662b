"""A Valkey server that fails in every way there is, and what then goes on without it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest
import pytest_asyncio

from promptpilot.adapters.outage import COOL_DOWN_SECONDS, Outage
from promptpilot.adapters.valkey.cache import ValkeyCache
from promptpilot.adapters.valkey.client import MAX_CALLS, Client
from promptpilot.adapters.valkey.rate_limiter import ValkeyRateLimiter
from promptpilot.errors import StoreUnavailable
from promptpilot.ports.rate_limiter import Take
from tests.contract.valkey_servers import RunningValkey, reached_at, running_valkey

TAKE = Take("key", amount=1, capacity=2, per_second=0.001)


PATIENCE_SECONDS = 1.0
"""What a server that hangs costs a test, and by which a busy machine is told from one."""


class Hands:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Reached:
    """A server as the product sees it."""

    def __init__(self, url: str) -> None:
        self.hands = Hands()
        self.outage = Outage("Valkey", meanwhile="we go on", clock=self.hands)
        self.server = reached_at(url, self.outage, PATIENCE_SECONDS)
        self.cache = ValkeyCache(self.server)
        self.limiter = ValkeyRateLimiter(self.server)

    def cool_down(self) -> None:
        self.hands.seconds += COOL_DOWN_SECONDS


@contextmanager
def killed(valkey: RunningValkey) -> Iterator[None]:
    valkey.kill()
    yield
    valkey.start_again()


@contextmanager
def hanging(valkey: RunningValkey) -> Iterator[None]:
    with valkey.hanging():
        yield


@contextmanager
def read_only(valkey: RunningValkey) -> Iterator[None]:
    with valkey.client as client:
        client.replicaof("127.0.0.1", 1)
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def out_of_memory(valkey: RunningValkey) -> Iterator[None]:
    with valkey.client as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def another_password(valkey: RunningValkey) -> Iterator[None]:
    with valkey.client as client:
        client.config_set("requirepass", "canary-password")
        client.execute_command("AUTH", "canary-password")
        client.client_kill_filter(_type="normal", skipme=True)
        yield
        client.config_set("requirepass", "")


@contextmanager
def without_scripts(valkey: RunningValkey) -> Iterator[None]:
    with valkey.client as client:
        client.execute_command("ACL", "SETUSER", "default", "-eval", "-evalsha")
        yield
        client.execute_command("ACL", "SETUSER", "default", "+eval", "+evalsha")


Trouble = Callable[[RunningValkey], AbstractContextManager[None]]
TROUBLES = (killed, hanging, read_only, out_of_memory, another_password, without_scripts)


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[RunningValkey]:
    """Not everybody's: it is killed."""
    with running_valkey() as server:
        yield server


@pytest.fixture(params=TROUBLES, ids=lambda each: each.__name__)
def trouble(request: pytest.FixtureRequest) -> Trouble:
    return request.param


@pytest_asyncio.fixture
async def reached(own_valkey: RunningValkey) -> AsyncIterator[Reached]:
    own_valkey.clear()
    reached = Reached(own_valkey.url)
    yield reached
    await reached.server.close()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if "promptpilot" in each.name]


async def test_the_product_goes_on_alone_and_comes_back(
    own_valkey: RunningValkey,
    reached: Reached,
    trouble: Trouble,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache, limiter = reached.cache, reached.limiter
    await cache.put("before", b"value", 60)
    await limiter.take([TAKE], 0)

    with trouble(own_valkey):
        # The limiter writes at every call, so it is the first to find out.
        assert [await limiter.take([TAKE], 0) for _ in range(2)] == [0, 0]
        assert await limiter.take([TAKE], 0) < 0
        await limiter.give_back(TAKE)
        assert await limiter.take([TAKE], 0) == pytest.approx(0, abs=0.01)

        assert await cache.get("before") is None
        await cache.put("key", b"own", 60)
        assert await cache.get("key") == b"own"
        assert await cache.add("key", b"other", 60) is False
        assert await cache.add("new", b"one", 60) is True
        await cache.delete("key")
        assert await cache.get("key") is None

        reached.cool_down()
        assert await cache.get("new") == b"one"
        assert cache.degraded
        assert limiter.degraded
        assert len(told(caplog)) == 1

    assert await cache.get("new") == b"one"  # the server is left alone
    reached.cool_down()
    assert await cache.get("new") is None
    assert not cache.degraded
    assert not limiter.degraded
    assert len(told(caplog)) == 2
    await cache.put("after", b"value", 60)
    await limiter.take([TAKE], 0)
    assert await cache.get("after") == b"value"
    assert len(told(caplog)) == 2


async def test_a_server_that_is_out_of_reach_is_asked_once_in_a_while(
    own_valkey: RunningValkey, reached: Reached
) -> None:
    asked = 0

    async def ask(client: Client) -> None:
        nonlocal asked
        asked += 1
        await client.get("name")

    with own_valkey.hanging():
        with pytest.raises(StoreUnavailable):
            await reached.server.ask(ask)
        for _ in range(20):
            with pytest.raises(StoreUnavailable):
                await reached.server.ask(ask)
        assert asked == 1

    reached.cool_down()
    for _ in range(20):
        await reached.server.ask(ask)
    assert asked == 21


async def test_after_the_pause_one_tries_and_the_others_go_without(
    own_valkey: RunningValkey, reached: Reached
) -> None:
    with own_valkey.hanging():
        await reached.cache.get("key")
        reached.cool_down()
        first = asyncio.create_task(reached.cache.get("key"))
        await asyncio.sleep(0)

        others = asyncio.gather(*(reached.cache.get("key") for _ in range(20)))
        done, _ = await asyncio.wait([first, others], return_when=asyncio.FIRST_COMPLETED)

        assert done == {others}
        await first


async def test_a_connection_that_was_closed_meanwhile_is_made_again_unnoticed(
    own_valkey: RunningValkey, reached: Reached, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.gather(*(reached.cache.put(f"key {n}", b"value", 60) for n in range(10)))
    with own_valkey.client as client:
        client.client_kill_filter(_type="normal", skipme=True)

    assert await reached.cache.get("key 1") == b"value"
    assert told(caplog) == []


async def test_a_server_that_was_started_again_is_told_the_scripts_again(
    own_valkey: RunningValkey, reached: Reached, caplog: pytest.LogCaptureFixture
) -> None:
    await reached.limiter.take([TAKE], 0)
    own_valkey.kill()
    own_valkey.start_again()

    assert [await reached.limiter.take([TAKE], 0) for _ in range(2)] == [0, 0]
    assert await reached.limiter.take([TAKE], 0) < 0
    assert told(caplog) == []


async def test_each_outage_begins_with_an_empty_cache(
    own_valkey: RunningValkey, reached: Reached
) -> None:
    with killed(own_valkey):
        await reached.cache.put("key", b"old", 60)
    reached.cool_down()
    await reached.cache.put("key", b"new", 60)

    with killed(own_valkey):
        assert await reached.cache.get("key") is None


async def test_a_server_that_never_was_there_is_gone_without_from_the_start() -> None:
    reached = Reached("valkey://127.0.0.1:1")

    assert await reached.cache.get("key") is None
    assert await reached.limiter.take([TAKE], 0) == 0
    assert reached.cache.degraded
    await reached.server.close()


@pytest.mark.parametrize("there", [True, False])
async def test_no_password_gets_into_the_log(
    own_valkey: RunningValkey, caplog: pytest.LogCaptureFixture, there: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    port = own_valkey.port if there else 1
    reached = Reached(f"valkey://user:canary-secret@127.0.0.1:{port}")

    await reached.cache.get("key")

    assert reached.cache.degraded
    assert caplog.records
    assert "canary" not in caplog.text
    assert "canary" not in repr(vars(reached.server))
    await reached.server.close()


async def test_the_password_of_the_url_is_used() -> None:
    with running_valkey() as valkey, another_password(valkey):
        reached = Reached(f"redis://:canary-password@127.0.0.1:{valkey.port}/3")
        await reached.cache.put("key", b"value", 60)
        found = await reached.cache.get("key")
        await reached.server.close()

    assert found == b"value"
    assert not reached.cache.degraded


async def test_event_loops_share_a_server(own_valkey: RunningValkey, reached: Reached) -> None:
    await reached.cache.put("key", b"value", 60)
    server = reached_at(own_valkey.url)

    async def elsewhere() -> bytes | None:
        found = await ValkeyCache(server).get("key")
        await server.close()
        return found

    assert await asyncio.to_thread(asyncio.run, elsewhere()) == b"value"
    assert await reached.cache.get("key") == b"value"


async def test_nothing_is_asked_of_a_server_that_was_closed(
    own_valkey: RunningValkey, reached: Reached
) -> None:
    await reached.cache.put("key", b"value", 60)
    await reached.server.close()

    assert await reached.cache.get("key") is None
    with pytest.raises(StoreUnavailable):
        await reached.server.ask(lambda client: client.get("key"))


async def test_more_calls_than_connections_wait_for_their_turn(
    own_valkey: RunningValkey, reached: Reached
) -> None:
    await asyncio.gather(*(reached.cache.put(f"key {n}", b"value", 60) for n in range(500)))

    assert not reached.cache.degraded
    with own_valkey.client as client:
        assert client.info("clients")["connected_clients"] <= MAX_CALLS + 1


async def test_everything_that_is_kept_expires(own_valkey: RunningValkey, reached: Reached) -> None:
    await reached.cache.put("key", b"value", 60)
    await reached.limiter.take([TAKE], 0)
    await reached.limiter.give_back(replace(TAKE, key="other", amount=-3))

    with own_valkey.client as client:
        left = {name: client.pttl(name) for name in client.scan_iter()}
    assert len(left) == 3
    assert all(0 < each <= 5_001_000 for each in left.values()), left


async def test_the_buckets_of_one_take_are_in_one_slot_of_a_cluster(
    own_valkey: RunningValkey, reached: Reached
) -> None:
    await reached.limiter.take([TAKE, replace(TAKE, key="an{other}")], 0)

    with own_valkey.client as client:
        names = list(client.scan_iter())
    assert len(names) == 2
    assert {name.partition(b"{")[2].partition(b"}")[0] for name in names} == {b"buckets"}
