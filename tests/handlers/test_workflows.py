"""Workflows over the API: the document in two forms, its archive, checks, bounds and schema."""

import json

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
from tests.handlers.workflow_paths import YAML, document_of, path_of


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
    unknown = {"cost": None, "cost_unknown": ["The price of fake/echo is not known."]}
    bounds = {**workflow["bounds"], **unknown}
    assert one.get(path).json == one.get(f"{path}?version=1.0.0").json == bounds
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
