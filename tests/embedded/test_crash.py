"""kill -9 at any moment loses nothing that was acknowledged."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.gated_model import GatedModel
from tests.embedded.running import Server, ended, make_chain, until


@pytest.fixture
def model() -> Iterator[GatedModel]:
    with GatedModel() as model:
        yield model


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_an_execution_finishes_after_the_server_was_killed_in_the_middle_of_a_step(
    tmp_path: Path, model: GatedModel, answered: int
) -> None:
    server = Server(tmp_path, model.url).start()
    try:
        client = server.sign_up("kill@example.com")
        workflow = make_chain(client, 3)
        model.allow(answered)
        started = client.post(f"/workflows/{workflow}/execute", {"input": {"text": "hello"}})
        until(lambda: model.calls, lambda calls: calls == answered + 1)
        server.kill()

        model.allow(10)
        server.start()
        client = server.log_in("kill@example.com")
        execution = ended(client, started["id"])
        logs = client.get(f"/executions/{started['id']}/logs")["items"]
    finally:
        server.kill()
    assert execution["status"] == "succeeded"
    assert execution["output"] == "answer to: Say: answer to: Say: answer to: Say: hello"
    assert [log["step"] for log in logs] == ["step_1", "step_2", "step_3"]
    assert [log["status"] for log in logs] == ["succeeded"] * 3
    # The call under way when the server was killed is made again; no other is.
    assert model.calls == 3 + 1


def test_acknowledged_versions_survive_a_kill(tmp_path: Path, model: GatedModel) -> None:
    server = Server(tmp_path, model.url).start()
    acknowledged: list[str] = []
    try:
        client = server.sign_up("versions@example.com")
        prompt = client.post("/prompts", {"name": "P", "content": "0", "variables": []})["id"]

        def write() -> None:
            number = 0
            while True:
                number += 1
                try:
                    body = {"content": str(number), "variables": []}
                    document = client.post(f"/prompts/{prompt}/versions", body)
                except OSError:  # the server is gone
                    return
                acknowledged.append(document["version"])

        writer = threading.Thread(target=write)
        writer.start()
        until(lambda: len(acknowledged), lambda count: count >= 50)
        server.kill()
        writer.join(30)
        server.start()
        client = server.log_in("versions@example.com")
        kept = client.get(f"/prompts/{prompt}?version={acknowledged[-1]}")
        head = client.get(f"/prompts/{prompt}")
    finally:
        server.kill()
    assert kept["content"] == str(len(acknowledged))
    # At most the one write whose answer was cut off came on top.
    assert int(head["content"]) - len(acknowledged) in {0, 1}


def test_sigterm_lets_a_running_step_finish_and_the_execution_goes_on_after_the_restart(
    tmp_path: Path, model: GatedModel
) -> None:
    server = Server(tmp_path, model.url).start()
    try:
        client = server.sign_up("term@example.com")
        workflow = make_chain(client, 2)
        started = client.post(f"/workflows/{workflow}/execute", {"input": {"text": "x"}})
        until(lambda: model.calls, lambda calls: calls == 1)
        model.allow_soon(10)
        code = server.stop()
        said = (tmp_path / "server.log").read_text()
        server.start()
        execution = ended(server.log_in("term@example.com"), started["id"])
    finally:
        server.kill()
    assert code == 0
    assert "Unclosed" not in said
    assert "Warning" not in said
    assert execution["status"] == "succeeded"
    assert model.calls == 2
