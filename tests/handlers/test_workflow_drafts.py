"""Drafts of workflows over the API: kept whatever they say, and published."""

from tests.handlers.here import (
    Caller,
    make_prompt,
    make_workflow,
    workflow_document,
)
from tests.handlers.workflow_paths import YAML, document_of, path_of


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
