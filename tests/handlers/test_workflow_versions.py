"""Versions of workflows and their labels over the API."""

from promptpilot.domain.permissions import Role
from tests.handlers.here import (
    Caller,
    make_workflow,
    set_role,
)
from tests.handlers.workflow_paths import YAML, document_of, path_of

TEXT = {"text": [{"op": "delete", "text": "1h"}, {"op": "insert", "text": "2h"}]}


def test_a_new_version_is_numbered_by_what_changed(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/versions"
    made = one.post(path, document_of(workflow, timeout="2h", message="More time."))
    assert (made.status, made.json["version"], made.json["message"]) == (201, "1.0.1", "More time.")
    assert made.header("Location") == f"{path}/1.0.1"
    narrow = document_of(workflow, input={"type": "object"})
    refused = one.post(path, {**narrow, "bump": "minor"})
    assert (refused.status, refused.json["code"]) == (422, "version_bump_too_small")
    assert (refused.json["required"], refused.json["minimum"]) == ("major", "2.0.0")
    assert refused.json["reasons"] == ["The input 'notes' was removed."]
    assert one.post(path, {**narrow, "bump": "major"}).json["version"] == "2.0.0"
    again = one.post(path, narrow)
    assert (again.status, again.json["code"]) == (409, "conflict")
    taken = one.post(path, document_of(workflow, version="1.0.1"))
    assert (taken.status, taken.json["code"]) == (409, "already_exists")


def test_a_new_version_may_be_yaml_with_a_bump_in_it(one: Caller) -> None:
    workflow = make_workflow(one)
    text = one.get(path_of(workflow), accept=YAML).text + "timeout: 2h\nbump: minor\n"
    made = one.post(f"{path_of(workflow)}/versions", text, content_type=YAML)
    assert (made.status, made.json["version"]) == (201, "1.1.0")
    bad = one.post(
        f"{path_of(workflow)}/versions", text.replace("minor", "huge"), content_type=YAML
    )
    assert (bad.status, bad.json["problems"][0]["at"]) == (422, "/bump")


def test_a_version_of_a_revision_that_is_not_the_current_one_is_a_412(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/versions"
    assert one.post(path, document_of(workflow, timeout="2h"), if_match='"1"').status == 201
    answer = one.post(path, document_of(workflow, timeout="3h"), if_match='"1"')
    assert (answer.status, answer.json["current"]) == (412, 2)


def test_a_version_sent_again_with_its_key_is_made_once(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/versions"
    document = document_of(workflow, timeout="2h")
    first = one.post(path, document, idempotency_key="k")
    assert one.post(path, document, idempotency_key="k").json == first.json
    assert len(one.get(path).json["items"]) == 2


def test_a_version_may_be_kept_for_ever_and_has_nothing_that_changes(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/versions/1.0.0"
    before = one.get(path)
    assert before.header("Cache-Control") == "private, max-age=31536000, immutable"
    assert before.header("ETag") == f'"{workflow["digest"]}"'
    yaml = one.get(path, accept=YAML)
    assert yaml.header("ETag") == f'"{workflow["digest"]}-yaml"'
    assert one.get(path, if_none_match=str(before.header("ETag"))).status == 304
    one.patch(path_of(workflow), {"name": "Other", "description": "Other."})
    one.put(f"{path_of(workflow)}/labels/production", {"version": "1.0.0"})
    one.post(f"{path_of(workflow)}/versions", document_of(workflow, timeout="2h"))
    assert one.get(path).json == before.json
    assert one.get(path, accept=YAML).text == yaml.text
    assert not before.json.keys() & {"labels", "latest", "revision", "updated_at", "status"}


def test_versions_are_listed_and_compared(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/versions"
    one.post(path, document_of(workflow, timeout="2h", output="{% $summarize.output %}"))
    page = one.get(f"{path}?limit=1").json
    assert [each["version"] for each in page["items"]] == ["1.1.0"]
    rest = one.get(f"{path}?limit=1&cursor={page['next_cursor']}").json
    assert [each["version"] for each in rest["items"]] == ["1.0.0"]
    diff = one.get(f"{path}/1.0.0/diff/1.1.0").json
    assert diff["fields"] == [{"field": "timeout", "before": "1h", "after": "2h", **TEXT}]
    assert {"op": "insert", "text": "output "} in diff["output"][0]["text"]
    assert diff["required"] == "minor"
    assert one.get(f"{path}/1.0.0/diff/9.0.0").status == 404


def test_a_label_is_moved_protected_and_deleted(one: Caller, two: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/labels/production"
    one.post(f"{path_of(workflow)}/versions", document_of(workflow, timeout="2h"))
    moved = one.put(path, {"version": "1.0.0", "protected": True})
    assert (moved.status, moved.json["version"]) == (200, "1.0.0")
    assert moved.json["protected_labels"] == ["production"]
    assert one.get(path_of(workflow)).json["version"] == "1.0.0"
    assert one.get(f"{path_of(workflow)}?label=latest").json["version"] == "1.0.1"
    set_role(str(two.user), one.workspace, Role.EDITOR)
    assert two.within(one.workspace).put(path, {"version": "1.0.1"}).status == 403
    assert one.put(path, {"version": "1.0.1"}, if_match='"1"').status == 412
    assert one.delete(path).json["labels"] == {}
    assert one.delete(path).status == 404
    assert one.put(f"{path_of(workflow)}/labels/latest", {"version": "1.0.0"}).status == 422
