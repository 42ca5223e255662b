"""What belongs to one user is not there for another."""

import pytest

from embedded.demo.client import Client, RequestRefusedError
from tests.cloud.workflows import WAIT_SECONDS, make_prompt, make_workflow, start
from tests.embedded.running import ended


def test_another_users_things_are_not_found(one: Client, two: Client) -> None:
    prompt = make_prompt(one, "Mine")
    workflow = make_workflow(one, "Mine", [{"id": "a", "kind": "transform", "value": 1}])
    execution = start(one, workflow)
    ended(one, execution, WAIT_SECONDS)
    for path in (f"/prompts/{prompt}", f"/workflows/{workflow}", f"/executions/{execution}"):
        assert one.get(path)["id"] in path
        with pytest.raises(RequestRefusedError) as refused:
            two.get(path)
        assert refused.value.status == 404
    assert two.get("/prompts")["items"] == []
