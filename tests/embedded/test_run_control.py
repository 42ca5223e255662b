"""Executions of a real server that are cancelled, resumed, replayed and kept waiting."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.demo.client import Client
from tests.embedded.gated_model import GatedModel
from tests.embedded.running import Server, ended, make_chain, until

EMAIL = "control@example.com"
INPUT = {"input": {"text": "hello"}}


@pytest.fixture
def model() -> Iterator[GatedModel]:
    with GatedModel() as model:
        yield model


@pytest.fixture
def server(tmp_path: Path, model: GatedModel) -> Iterator[Server]:
    server = Server(tmp_path, model.url).start()
    yield server
    server.kill()


def start(client: Client, workflow: str) -> str:
    return str(client.post(f"/workflows/{workflow}/execute", INPUT)["id"])


def called(model: GatedModel, calls: int) -> None:
    """So many calls have arrived."""
    until(lambda: model.calls, lambda seen: seen == calls)


def test_a_cancelled_execution_starts_no_step_and_resumed_it_goes_on_where_it_was(
    server: Server, model: GatedModel
) -> None:
    client = server.sign_up(EMAIL)
    model.allow(1)
    execution = start(client, make_chain(client, 3))
    called(model, 2)
    client.post(f"/executions/{execution}/cancel", {"reason": "enough"})
    cancelled = ended(client, execution)
    assert cancelled["status"] == "cancelled"
    assert cancelled["error"] == {"name": "Cancelled", "message": "enough", "step": None}
    model.allow(10)  # the call under way is answered, and nothing goes on from there
    client.post(f"/executions/{execution}/resume", {})
    done = ended(client, execution)
    assert (done["status"], done["resumes"]) == ("succeeded", 1)
    assert done["output"] == "answer to: Say: answer to: Say: answer to: Say: hello"
    logs = client.get(f"/executions/{execution}/logs")["items"]
    assert [log["status"] for log in logs] == ["succeeded"] * 3
    # The first step is not paid for again; the second may be, since it was under way.
    assert logs[0]["attempt"] == 1
    assert model.calls in {3, 4}


def test_a_resumed_execution_goes_on_within_the_workflow_that_a_step_runs(
    server: Server, model: GatedModel
) -> None:
    client = server.sign_up(EMAIL)
    chain = make_chain(client, 3)
    call = {
        "id": "call",
        "kind": "workflow",
        "workflow": {"id": chain},
        "with": {"text": "{% $input.text %}"},
    }
    outer = client.post("/workflows", {"name": "Outer", "steps": [call]})["id"]
    model.allow(1)
    execution = start(client, outer)
    called(model, 2)
    [child] = client.get(f"/executions/{execution}")["children"]
    client.post(f"/executions/{execution}/cancel", {})
    assert ended(client, execution)["status"] == "cancelled"
    assert ended(client, child["id"])["status"] == "cancelled"
    model.allow(10)
    client.post(f"/executions/{execution}/resume", {})
    done = ended(client, execution)
    assert done["output"] == "answer to: Say: answer to: Say: answer to: Say: hello"
    [same] = client.get(f"/executions?parent={execution}")["items"]
    assert (same["id"], same["status"], same["resumes"]) == (child["id"], "succeeded", 1)
    assert client.get(f"/executions/{child['id']}/logs")["items"][0]["attempt"] == 1


def test_a_replay_answers_the_steps_before_from_the_record(
    server: Server, model: GatedModel
) -> None:
    client = server.sign_up(EMAIL)
    model.allow(10)
    execution = start(client, make_chain(client, 3))
    first = ended(client, execution)
    assert model.calls == 3
    again = client.post(f"/executions/{execution}/replay", {"from_step": "step_3"})["id"]
    done = ended(client, again)
    assert done["output"] == first["output"]
    assert model.calls == 4
    logs = client.get(f"/executions/{again}/logs")["items"]
    assert [log["replayed"] for log in logs] == [True, True, False]


def test_a_limit_holds_over_a_crash_and_everyone_gets_their_turn(
    server: Server, model: GatedModel
) -> None:
    client = server.sign_up(EMAIL)
    chain = make_chain(client, 1)
    client._send("PUT", "/workspace/limits", b'{"max_running_executions": 2}', "application/json")
    executions = [start(client, chain) for _ in range(6)]
    called(model, 2)
    server.kill()
    server.start()
    client = server.log_in(EMAIL)
    called(model, 4)  # the two that were under way are called again, and no others
    statuses = [client.get(f"/executions/{each}")["slot"] for each in executions]
    assert statuses == ["held"] * 2 + ["queued"] * 4
    model.allow(20)
    assert {ended(client, each)["status"] for each in executions} == {"succeeded"}
    assert model.calls == 6 + 2


def test_a_suspended_workflow_is_emptied(server: Server, model: GatedModel) -> None:
    client = server.sign_up(EMAIL)
    chain = make_chain(client, 2)
    executions = [start(client, chain) for _ in range(3)]
    called(model, 3)
    client.post(f"/workflows/{chain}/suspend", {"cancel_running": True})
    assert {ended(client, each)["status"] for each in executions} == {"cancelled"}
    client.post(f"/workflows/{chain}/unsuspend", {})
    model.allow(10)
    assert ended(client, start(client, chain))["status"] == "succeeded"
