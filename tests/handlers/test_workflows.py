"""Workflows over the API: the document in two forms, its versions, labels, archive, checks."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from promptpilot.compiler.yaml_values import read_yaml
from promptpilot.domain.permissions import Role
from promptpilot.platform import Platform
from tests.handlers.here import (
    Caller,
    make_prompt,
    make_workflow,
    set_role,
    workflow_document,
)

YAML = "application/yaml"


def path_of(workflow: Any) -> str:
    return f"/workflows/{workflow['id']}"


def document_of(workflow: Any, **changes: Any) -> dict[str, Any]:
    """The document of a workflow that `make_workflow` has made, with changes."""
    return {**workflow_document(workflow["steps"][0]["prompt"]["id"]), **changes}


def test_a_workflow_is_made_of_yaml_and_read_as_it_was_written(one: Caller) -> None:
    document = workflow_document(make_prompt(one)["id"])
    text = one.get(path_of(make_workflow(one)), accept=YAML).text
    written = {**read_yaml(text), "steps": document["steps"]}
    created = one.call("POST", "/workflows", json.dumps(written), {"content-type": YAML})
    assert created.status == 201
    assert created.header("Location") == path_of(created.json)
    assert one.get(path_of(created.json)).json == created.json
    assert {name: created.json[name] for name in document} == document
    assert created.json["status"] == "published"


def test_a_workflow_is_read_as_yaml_by_who_asks_for_it(one: Caller) -> None:
    workflow = make_workflow(one)
    answer = one.get(path_of(workflow), accept=YAML)
    assert answer.status == 200
    assert answer.header("Content-Type") == YAML
    assert answer.header("Vary") == "Accept"
    assert answer.header("ETag") == f'"1-{workflow["digest"]}-yaml"'
    assert read_yaml(answer.text) == document_of(workflow)
    assert answer.text.startswith("name: Follow-up\n")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html", "application/json"),
        ("application/yaml", YAML),
        ("text/yaml", YAML),
        ("APPLICATION/X-YAML", YAML),
        ("application/json, application/yaml", "application/json"),
        ("application/json;q=0.5, application/yaml", YAML),
        ("application/yaml;q=0.5, application/json;q=0.6", "application/json"),
        ("application/yaml, */*;q=0.1", YAML),
        ("application/yaml;q=0", "application/json"),
        ("application/yaml; charset=utf-8; q=1", YAML),
    ],
)
def test_the_form_is_the_one_that_is_preferred(one: Caller, accept: str, kind: str) -> None:
    path = path_of(make_workflow(one))
    for answer in (one.get(path, accept=accept), one.get(f"{path}/versions/1.0.0", accept=accept)):
        assert answer.header("Content-Type") == kind
        assert answer.header("Vary") == "Accept"


def test_each_form_has_a_tag_of_its_own_and_either_is_good_for_a_change(one: Caller) -> None:
    path = path_of(make_workflow(one))
    for known, revision in ((YAML, 2), ("application/json", 3)):
        tag = str(one.get(path, accept=known).header("ETag"))
        other = YAML if known != YAML else "application/json"
        assert one.get(path, accept=known, if_none_match=tag).status == 304
        assert one.get(path, accept=other, if_none_match=tag).status == 200
        answer = one.patch(path, {"description": f"As of {revision}."}, if_match=tag)
        assert (answer.status, answer.json["revision"]) == (200, revision)


def test_a_digest_alone_is_no_tag_of_a_workflow_as_versions_may_share_it(one: Caller) -> None:
    workflow = make_workflow(one)
    path = path_of(workflow)
    revised = one.post(f"{path}/versions", document_of(workflow, description="Described."))
    assert revised.json["digest"] == workflow["digest"]
    assert one.get(path, if_none_match=f'"{workflow["digest"]}"').status == 200


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


TEXT = {"text": [{"op": "delete", "text": "1h"}, {"op": "insert", "text": "2h"}]}


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


def test_name_and_description_are_patched(one: Caller) -> None:
    workflow = make_workflow(one)
    answer = one.patch(path_of(workflow), {"name": "Other", "description": "New."})
    assert (answer.status, answer.json["version"]) == (200, "1.0.0")
    assert read_yaml(one.get(path_of(workflow), accept=YAML).text)["name"] == "Other"
    assert one.get("/workflows").json["items"][0]["description"] == "New."
    cleared = one.patch(path_of(workflow), {"description": None})
    assert "description" not in cleared.json
    assert one.patch(path_of(workflow), {"name": None}).status == 422
    assert one.patch(path_of(workflow), {"steps": []}).json["code"] == "validation_failed"


def test_an_archived_workflow_is_a_409_to_who_would_change_or_run_it(one: Caller) -> None:
    workflow = make_workflow(one)
    path = path_of(workflow)
    assert one.post(f"{path}/archive", if_match='"9"').status == 412
    archived = one.post(f"{path}/archive")
    assert (archived.status, archived.json["status"]) == (200, "archived")
    assert archived.header("ETag") == '"2"'
    for answer in (
        one.patch(path, {"name": "X"}),
        one.post(f"{path}/versions", document_of(workflow, timeout="2h")),
        one.put(f"{path}/labels/production", {"version": "1.0.0"}),
        one.put(f"{path}/draft", {"name": "X"}),
        one.post(f"{path}/execute", {"input": {"notes": "Hi."}}),
        one.post(f"{path}/execute", {"input": {"notes": "Hi."}, "version": "1.0.0"}),
    ):
        assert (answer.status, answer.json["code"]) == (409, "archived"), answer.text
    assert one.get(path).json["status"] == "archived"
    assert one.get("/workflows").json["items"] == []
    assert len(one.get("/workflows?archived=true").json["items"]) == 1
    assert one.post(f"{path}/unarchive").json["status"] == "published"
    assert one.post(f"{path}/execute", {"input": {"notes": "Hi."}}).status == 202


def test_bounds_are_read_of_a_version(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/bounds"
    assert one.get(path).json == one.get(f"{path}?version=1.0.0").json == workflow["bounds"]
    assert one.get(f"{path}?label=nowhere").status == 404


def test_a_document_is_checked_without_being_saved(one: Caller) -> None:
    workflow = make_workflow(one)
    fine = one.post("/workflows/validate", document_of(workflow))
    assert fine.status == 200
    assert fine.json == {"valid": True, "problems": [], "bounds": workflow["bounds"]}
    text = one.get(path_of(workflow), accept=YAML).text.replace("$input", "$inptu")
    bad = one.post("/workflows/validate", text, content_type=YAML)
    assert (bad.status, bad.json["valid"]) == (200, False)
    assert [(each["at"], each["code"]) for each in bad.json["problems"]] == [
        ("/steps/0/with/notes", "variable_unknown")
    ]
    assert "bounds" not in bad.json
    step = {"id": "again", "kind": "workflow", "workflow": {"id": workflow["id"]}}
    itself = {"name": "Loop", "steps": [step]}
    asked = f"/workflows/validate?workflow={workflow['id']}"
    assert [(each["at"], each["code"]) for each in one.post(asked, itself).json["problems"]] == [
        ("/steps/0/with/notes", "workflow_input_missing"),
        ("/steps/0/workflow", "workflow_recursive"),
    ]
    assert len(one.get("/workflows").json["items"]) == 1


def test_a_document_that_cannot_be_read_is_refused_with_its_place(one: Caller) -> None:
    answer = one.post("/workflows/validate", "name: [", content_type=YAML)
    assert (answer.status, answer.json["problems"][0]["code"]) == (422, "yaml_invalid")
    assert one.post("/workflows/validate", '{"name":').status == 400
    assert one.post("/workflows/validate", "x", content_type="text/plain").status == 415


def test_the_schema_is_there_for_everyone_and_may_be_kept(ports: Platform, one: Caller) -> None:
    answer = Caller().get("/workflows/schema")
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert answer.header("Cache-Control") == "public, max-age=3600"
    tag = str(answer.header("ETag"))
    assert Caller().get("/workflows/schema", if_none_match=tag).status == 304
    schema = Draft202012Validator(answer.json)
    workflow = make_workflow(one)
    assert schema.is_valid(read_yaml(one.get(path_of(workflow), accept=YAML).text))
    assert not schema.is_valid(workflow)


def test_a_draft_is_kept_read_published_and_gone(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/draft"
    assert one.get(path).json["kind"] == "draft"
    kept = one.put(path, "name: Follow-up\nsteps: []\n", content_type=YAML)
    assert (kept.status, kept.json["valid"]) == (200, False)
    assert kept.json["document"] == {"name": "Follow-up", "steps": []}
    assert kept.json["problems"][0]["at"] == "/steps"
    tag = str(kept.header("ETag"))
    assert one.get(path).header("ETag") == tag
    refused = one.post(f"{path}/publish")
    assert (refused.status, refused.json["code"]) == (422, "document_invalid")
    changed = one.put(path, document_of(workflow, timeout="2h"), if_match=tag)
    assert changed.json["valid"]
    stale = one.put(path, {"name": "X"}, if_match=tag)
    assert (stale.status, stale.json["code"]) == (412, "revision_conflict")
    assert one.post(f"{path}/publish", if_match=tag).status == 412
    published = one.post(f"{path}/publish", {"bump": "minor", "message": "Done."})
    assert (published.status, published.json["version"]) == (201, "1.1.0")
    assert published.header("Location") == f"{path_of(workflow)}/versions/1.1.0"
    assert one.get(path).status == one.delete(path).status == 404


def test_a_draft_is_thrown_away(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"{path_of(workflow)}/draft"
    kept = one.put(path, {"name": "X"})
    assert one.delete(path, if_match='"1"').status == 412
    thrown = one.delete(path, if_match=str(kept.header("ETag")))
    assert (thrown.status, thrown.json["document"]) == (200, {"name": "X"})
    assert one.get(path).status == 404
    assert one.get(path_of(workflow)).status == 200


def test_a_workflow_that_has_a_draft_only_is_listed_and_cannot_run(one: Caller) -> None:
    begun = one.post("/workflows/drafts", {"name": "Begun"})
    assert begun.status == 201
    path = path_of(begun.json)
    assert begun.header("Location") == f"{path}/draft"
    [listed] = one.get("/workflows").json["items"]
    assert (listed["status"], listed["version"], listed["latest"]) == ("draft", None, None)
    for answer in (
        one.get(path),
        one.get(f"{path}/asl"),
        one.get(f"{path}/bounds"),
        one.patch(path, {"name": "X"}),
        one.post(f"{path}/execute", {}),
    ):
        assert (answer.status, answer.json["code"]) == (409, "unpublished"), answer.text
    one.put(f"{path}/draft", workflow_document(make_prompt(one)["id"]))
    published = one.post(f"{path}/draft/publish")
    assert (published.status, published.json["version"]) == (201, "1.0.0")
    assert one.post(f"{path}/execute", {"input": {"notes": "Hi."}}).status == 202


def test_a_draft_without_a_name_begins_no_workflow(one: Caller) -> None:
    answer = one.post("/workflows/drafts", {"steps": []})
    assert (answer.status, answer.json["problems"][0]["at"]) == (422, "/name")
    assert one.get("/workflows").json["items"] == []


def test_a_viewer_reads_and_changes_nothing(one: Caller, two: Caller) -> None:
    workflow = make_workflow(one)
    path = path_of(workflow)
    one.put(f"{path}/draft", {"name": "X"})
    set_role(str(two.user), one.workspace, Role.VIEWER)
    viewer = two.within(one.workspace)
    for part in ("", "/asl", "/bounds", "/versions", "/versions/1.0.0", "/draft"):
        assert viewer.get(f"{path}{part}").status == 200, part
    for answer in (
        viewer.post(f"{path}/versions", document_of(workflow, timeout="2h")),
        viewer.put(f"{path}/draft", {"name": "Y"}),
        viewer.delete(f"{path}/draft"),
        viewer.post(f"{path}/draft/publish"),
        viewer.post(f"{path}/archive"),
        viewer.post(f"{path}/unarchive"),
        viewer.patch(path, {"name": "Y"}),
        viewer.put(f"{path}/labels/x", {"version": "1.0.0"}),
        viewer.post("/workflows/drafts", {"name": "Y"}),
        viewer.post("/workflows/validate", document_of(workflow)),
    ):
        assert (answer.status, answer.json["code"]) == (403, "forbidden"), answer.text
