"""A run of a workflow, heard live by its own user over the real server, and by nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.gated_model import GatedModel
from tests.embedded.running import Server, ended, make_chain
from tests.live.clients import Client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with GatedModel() as model:
        model.allow(10)
        server = Server(tmp_path, model.url)
        yield server.start()
        server.kill()
    assert "Warning" not in (tmp_path / "server.log").read_text()


def test_an_execution_is_heard_from_its_start_to_its_end(server: Server) -> None:
    one, two = server.sign_up("one@example.com"), server.sign_up("two@example.com")
    with Client(server.url, one.token) as first, Client(server.url, two.token) as second:
        assert first.ask({"action": "subscribe"})["type"] == "subscribed"
        assert second.ask({"action": "subscribe"})["type"] == "subscribed"
        workflow = make_chain(one, 2)
        body = {"input": {"text": "Hello"}}
        execution = one.post(f"/workflows/{workflow}/execute", body)["id"]
        heard = []
        while not heard or heard[-1]["type"] not in {"execution.succeeded", "execution.failed"}:
            heard.append(first.receive())
        ended(one, execution)
        types = [each["type"] for each in heard if each["subject"] == execution]
        assert types[0] == "execution.queued"
        assert types[-1] == "execution.succeeded"
        assert types.count("execution.step.succeeded") == 2
        assert "Hello" not in str(heard)
        others = [second.ask({"action": "ping"})]
        while others[-1] != {"type": "pong"}:
            others.append(second.receive())
        assert {each.get("workspace") for each in heard} & {
            each.get("workspace") for each in others
        } == set()
        assert server.stop() == 0
        assert first.close_code() == 1012
