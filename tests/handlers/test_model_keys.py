"""The keys of vendors over the API, with a worker that has checked them when it answers."""

from dataclasses import replace
from typing import Any

import pytest

from functions.abandoned_steps.handler import handler as abandoned_steps
from promptpilot import keys, platform
from promptpilot.domain.permissions import Role
from promptpilot.platform import Platform, current
from promptpilot.services.model_keys.records import read_check
from promptpilot.services.outbox import OUTBOX
from promptpilot.step_errors import (
    ModelAuthFailed,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
)
from tests.fakes import ScriptedModels
from tests.handlers.here import Caller, MemorySecrets, set_role
from tests.unit.world import NoWaiting

KEY = "canary-first-key-7d1f"
OTHER = "canary-other-key-9e2c"
OPENAI = "/workspace/model-keys/openai"


class LostJobs:
    """A `StepQueue` whose worker is slow."""

    def send(self, body: str) -> None:
        self.body = body

    def release(self, receipt: str, seconds: int) -> None:
        raise AssertionError(receipt)


def models() -> ScriptedModels:
    found = current().models
    assert isinstance(found, ScriptedModels)
    return found


def kept(one: Caller) -> dict[str, str]:
    """The secrets of the caller's workspace, in plain."""
    secrets = current().secrets
    assert isinstance(secrets, MemorySecrets)
    return {
        name: value.get_secret_value()
        for (workspace, name), value in secrets.values.items()
        if workspace == one.workspace
    }


def events(one: Caller) -> list[Any]:
    page = current().table.query(keys.outbox(one.workspace, one.workspace, "").partition)
    return [item.body for item in page.items if item.kind == OUTBOX]


def test_every_vendor_is_listed_with_where_its_key_comes_from(one: Caller) -> None:
    listed = one.get("/workspace/model-keys")
    assert listed.status == 200, listed.text
    assert [(each["vendor"], each["source"]) for each in listed.json["items"]] == [
        ("openai", "none"),
        ("anthropic", "platform"),
    ]
    assert {each["masked"] for each in listed.json["items"]} == {None}


def test_a_key_is_tested_and_kept_and_never_shown(one: Caller) -> None:
    answer = one.put(OPENAI, {"key": KEY})
    assert answer.status == 200, answer.text
    told = answer.json
    assert (told["source"], told["masked"], told["verified"]) == ("workspace", "…7d1f", True)
    assert told["set_by"] == one.user
    assert models().checked == [("openai", KEY)]
    assert kept(one) == {"models/openai": KEY}
    listed = one.get("/workspace/model-keys")
    assert listed.json["items"][0] == told
    assert KEY not in answer.text + listed.text + "".join(events(one))


def test_a_key_that_the_vendor_refuses_leaves_the_one_before(one: Caller) -> None:
    assert one.put(OPENAI, {"key": KEY}).status == 200
    models().key_error = ModelAuthFailed(reason="The vendor refused the key (status 401).")
    answer = one.put(OPENAI, {"key": OTHER})
    assert (answer.status, answer.json["code"]) == (422, "model_key_refused")
    assert "status 401" in answer.json["detail"]
    assert OTHER not in answer.text
    assert kept(one) == {"models/openai": KEY}
    assert one.get("/workspace/model-keys").json["items"][0]["masked"] == "…7d1f"


@pytest.mark.parametrize("error", [ModelTimeout(), ModelUnavailable(), ModelUnknown()])
def test_nothing_is_kept_where_the_vendor_cannot_be_asked(one: Caller, error: ModelError) -> None:
    models().key_error = error
    answer = one.put(OPENAI, {"key": KEY})
    assert (answer.status, answer.json["code"]) == (503, "model_key_unchecked")
    assert '"verify": false' in answer.json["detail"]
    assert kept(one) == {}
    assert one.get("/workspace/model-keys").json["items"][0]["source"] == "none"


def test_a_key_can_be_kept_untested_and_is_marked(one: Caller) -> None:
    models().key_error = ModelUnavailable()
    answer = one.put(OPENAI, {"key": KEY, "verify": False})
    assert (answer.status, answer.json["verified"]) == (200, False)
    assert models().checked == []
    assert kept(one) == {"models/openai": KEY}


def test_a_key_is_kept_without_the_spaces_around_it(one: Caller) -> None:
    assert one.put(OPENAI, {"key": f" {KEY}\n"}).status == 200
    assert kept(one) == {"models/openai": KEY}


def test_of_a_short_key_nothing_is_shown(one: Caller) -> None:
    assert one.put(OPENAI, {"key": "canary12"}).json["masked"] == "…"


@pytest.mark.parametrize(
    "body",
    [
        {"key": "canary"},
        {"key": "canary key"},
        {"key": "canary-ключ"},
        {"key": "canary-{{ssm:/a}}"},
        {"key": "canary-\n-canary"},
        {"key": "canary-" * 300},
        {"key": ["canary-in-a-list"]},
        {"kee": "canary-misspelt"},
        {"key": None, "verify": "canary-elsewhere"},
        "canary-that-is-no-json",
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(one: Caller, body: Any) -> None:
    answer = one.put(OPENAI, body)
    assert answer.status in {400, 422}
    assert "canary" not in answer.text
    assert kept(one) == {}


def test_a_deleted_key_is_forgotten_and_may_be_gone_already(one: Caller) -> None:
    one.put(OPENAI, {"key": KEY})
    for _ in range(2):
        answer = one.delete(OPENAI)
        assert (answer.status, answer.json["source"]) == (200, "none")
        assert kept(one) == {}
    assert one.delete("/workspace/model-keys/anthropic").json["source"] == "platform"


def test_setting_and_deleting_are_told_as_events(one: Caller) -> None:
    one.put(OPENAI, {"key": KEY})
    one.delete(OPENAI)
    one.delete(OPENAI)
    told = [body for body in events(one) if "workspace.model_key.changed" in body]
    assert ['"change":"set"' in body for body in told] == [True, False]


@pytest.mark.parametrize("vendor", ["acme", "local", "custom", "OPENAI"])
def test_what_is_no_vendor_is_not_found(one: Caller, vendor: str) -> None:
    assert one.put(f"/workspace/model-keys/{vendor}", {"key": KEY}).status == 404
    assert one.delete(f"/workspace/model-keys/{vendor}").status == 404


@pytest.mark.parametrize("role", [Role.EDITOR, Role.RUNNER, Role.VIEWER])
def test_only_an_admin_sees_or_sets_keys(one: Caller, two: Caller, role: Role) -> None:
    set_role(str(two.user), one.workspace, role)
    member = two.within(one.workspace)
    assert member.get("/workspace/model-keys").status == 403
    assert member.put(OPENAI, {"key": KEY}).status == 403
    assert member.delete(OPENAI).status == 403
    assert kept(one) == {}


def test_a_key_is_of_one_workspace(one: Caller, two: Caller) -> None:
    one.put(OPENAI, {"key": KEY})
    assert two.get("/workspace/model-keys").json["items"][0]["source"] == "none"
    assert two.delete(OPENAI).status == 200
    assert kept(one) == {"models/openai": KEY}


def test_the_models_of_a_vendor_are_listed_for_who_has_a_key(one: Caller, two: Caller) -> None:
    one.put(OPENAI, {"key": KEY})
    one.get("/models")
    assert models().keyed == {"openai"}
    two.get("/models")
    assert models().keyed == frozenset()


def test_a_slow_check_goes_on_and_the_key_before_is_used(one: Caller, ports: Platform) -> None:
    assert isinstance(ports, platform.AssembledPlatform)
    one.put(OPENAI, {"key": KEY})
    queue = LostJobs()
    platform.install(replace(ports, step_queue=queue, waiter=NoWaiting()))
    answer = one.put(OPENAI, {"key": OTHER})
    assert (answer.status, answer.json["code"]) == (503, "model_key_unchecked")
    assert kept(one)["models/openai"] == KEY
    assert OTHER not in queue.body


def test_the_next_key_takes_the_place_of_one_whose_check_was_lost(
    one: Caller, ports: Platform
) -> None:
    assert isinstance(ports, platform.AssembledPlatform)
    platform.install(replace(ports, step_queue=LostJobs()))
    one.put(OPENAI, {"key": OTHER})
    platform.install(ports)
    assert one.put(OPENAI, {"key": KEY}).status == 200
    assert kept(one) == {"models/openai": KEY}


def test_a_check_that_no_worker_could_make_is_ended_and_changes_nothing(
    one: Caller, ports: Platform
) -> None:
    assert isinstance(ports, platform.AssembledPlatform)
    one.put(OPENAI, {"key": KEY})
    queue = LostJobs()
    platform.install(replace(ports, step_queue=queue))
    one.put(OPENAI, {"key": OTHER})
    record = {"messageId": "1", "body": queue.body, "attributes": {}}
    assert abandoned_steps({"Records": [record]}) == {"batchItemFailures": []}
    found = read_check(one.workspace, "openai", table=ports.table)
    assert found is not None
    assert found[1].outcome == "unchecked"
    assert kept(one)["models/openai"] == KEY
