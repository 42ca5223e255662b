"""A store that cannot be written is told with a 503, and nothing is half written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from embedded.demo.client import RequestRefusedError
from embedded.platform import DATABASE
from tests.embedded.gated_model import GatedModel
from tests.embedded.running import Server, ended, make_chain, until


def test_a_locked_database_is_a_503_and_afterwards_all_is_as_before(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    try:
        client = server.sign_up("locked@example.com")
        draft = {"name": "P", "content": "one", "variables": []}
        prompt = client.post("/prompts", draft)["id"]
        with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(RequestRefusedError) as refused:
                client.post(f"/prompts/{prompt}/versions", {"content": "two"})
            other.execute("ROLLBACK")
        before = client.get(f"/prompts/{prompt}/versions")["items"]
        client.post(f"/prompts/{prompt}/versions", {"content": "three"})
        after = client.get(f"/prompts/{prompt}")
    finally:
        server.kill()
    assert refused.value.status == 503
    assert "store_unavailable" in str(refused.value)
    assert [version["version"] for version in before] == ["1.0.0"]
    assert (after["version"], after["content"]) == ("1.0.1", "three")


def test_an_execution_goes_on_once_a_lock_in_its_middle_is_gone(tmp_path: Path) -> None:
    with GatedModel() as model:
        server = Server(tmp_path, model.url).start()
        try:
            client = server.sign_up("middle@example.com")
            workflow = make_chain(client, 2)
            started = client.post(f"/workflows/{workflow}/execute", {"input": {"text": "x"}})
            until(lambda: model.calls, lambda calls: calls == 1)
            with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                model.allow(5)
                log = tmp_path / "server.log"
                until(log.read_text, lambda said: "not recorded yet" in said)
                other.execute("ROLLBACK")
            execution = ended(client, started["id"])
        finally:
            server.kill()
    assert execution["status"] == "succeeded"
    assert model.calls == 2
