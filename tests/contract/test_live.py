"""Every `Live` pushes messages to open connections, and says of others that they are gone."""

import pytest

from promptpilot.errors import TooLarge
from promptpilot.live_message import MAX_MESSAGE_BYTES
from tests.contract.live_stages import STAGES, Stage
from tests.contract.stores import Aws


@pytest.fixture(params=sorted(STAGES))
async def stage(request: pytest.FixtureRequest, aws: Aws) -> Stage:
    return STAGES[request.param]()


async def test_a_message_reaches_its_connection_and_no_other(stage: Stage) -> None:
    one, two = stage.open(), stage.open()
    assert stage.live.send(one, "for one")
    assert stage.live.send(two, "for two")
    assert await stage.received(one, 7) == "for one"
    assert await stage.received(two, 7) == "for two"


async def test_messages_of_a_connection_keep_their_order(stage: Stage) -> None:
    connection = stage.open()
    for message in ("a", "ß", "😀", "d"):
        assert stage.live.send(connection, message)
    assert await stage.received(connection, 4) == "aß😀d"


async def test_the_largest_message_arrives(stage: Stage) -> None:
    connection = stage.open()
    message = "ä" * (MAX_MESSAGE_BYTES // 2)
    assert stage.live.send(connection, message)
    assert await stage.received(connection, len(message)) == message


async def test_a_larger_message_is_refused(stage: Stage) -> None:
    connection = stage.open()
    with pytest.raises(TooLarge) as raised:
        stage.live.send(connection, "ä" * (MAX_MESSAGE_BYTES // 2) + "x")
    assert raised.value.size == MAX_MESSAGE_BYTES + 1


async def test_a_connection_whose_client_hung_up_is_gone(stage: Stage) -> None:
    connection = stage.open()
    stage.hang_up(connection)
    assert stage.live.send(connection, "hello") is False
    stage.live.close(connection)


async def test_a_connection_that_is_closed_ends(stage: Stage) -> None:
    connection = stage.open()
    assert stage.live.send(connection, "a")
    assert await stage.received(connection, 1) == "a"
    stage.live.close(connection)
    assert await stage.ended(connection)
    stage.live.close(connection)
