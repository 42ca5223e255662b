"""Reading only what is new, and changing only what one has seen."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.handlers.here import Caller, make_prompt, make_workflow


def test_a_document_that_the_client_has_is_not_sent_again(ada: Caller) -> None:
    document = make_prompt(ada)
    path = f"/prompts/{document['id']}"
    tag = ada.get(path).header("ETag")
    assert tag == f'"1-{document["digest"]}"'
    for known in (tag, f'"other", {tag}', f"W/{tag}", f'"{document["digest"]}"', "*"):
        answer = ada.get(path, if_none_match=known)
        assert (answer.status, answer.text) == (304, ""), known
        assert answer.header("ETag") == tag
        assert answer.header("Cache-Control") == "private, no-cache"


def test_a_document_that_changed_is_sent(ada: Caller) -> None:
    path = f"/prompts/{make_prompt(ada)['id']}"
    tag = ada.get(path).header("ETag")
    ada.patch(path, {"name": "Other"})
    answer = ada.get(path, if_none_match=str(tag))
    assert (answer.status, answer.json["name"]) == (200, "Other")
    assert answer.header("ETag") != tag


def test_a_version_may_be_kept_for_ever(ada: Caller) -> None:
    document = make_prompt(ada)
    path = f"/prompts/{document['id']}/versions/1.0.0"
    answer = ada.get(path)
    assert answer.header("ETag") == f'"{document["digest"]}"'
    assert answer.header("Cache-Control") == "private, max-age=31536000, immutable"
    assert ada.get(path, if_none_match=f'"{document["digest"]}"').status == 304


def test_what_is_kept_for_ever_has_nothing_that_changes(ada: Caller) -> None:
    prompt = make_prompt(ada)["id"]
    path = f"/prompts/{prompt}/versions/1.0.0"
    before = ada.get(path).json
    ada.patch(f"/prompts/{prompt}", {"name": "Other", "folder": "a", "metadata": {"tags": ["b"]}})
    ada.put(f"/prompts/{prompt}/labels/production", {"version": "1.0.0", "protected": True})
    ada.post(f"/prompts/{prompt}/versions", {"content": "Other: {{notes}}"})
    assert ada.get(path).json == before


@pytest.mark.parametrize("written", ["{tag}", '"{revision}"', "*", ' "{revision}" '])
def test_a_change_of_what_one_has_seen_is_made(ada: Caller, written: str) -> None:
    document = make_prompt(ada)
    path = f"/prompts/{document['id']}"
    tag = ada.get(path).header("ETag")
    if_match = written.format(tag=tag, revision=document["revision"])
    answer = ada.patch(path, {"name": "Other"}, if_match=if_match)
    assert answer.status == 200
    assert answer.json["revision"] == 2


@pytest.mark.parametrize("written", ["{tag}", '"1"', '"abc"', "abc", 'W/"2"', '"2", "1"', '"-2"'])
def test_a_change_of_what_has_changed_since_is_a_412_with_the_current_revision(
    ada: Caller, written: str
) -> None:
    path = f"/prompts/{make_prompt(ada)['id']}"
    tag = ada.get(path).header("ETag")
    ada.patch(path, {"name": "First"})
    for answer in (
        ada.patch(path, {"name": "Second"}, if_match=written.format(tag=tag)),
        ada.post(f"{path}/versions", {"content": "{{notes}}!"}, if_match=written.format(tag=tag)),
        ada.put(f"{path}/labels/x", {"version": "1.0.0"}, if_match=written.format(tag=tag)),
    ):
        assert (answer.status, answer.json["code"]) == (412, "revision_conflict")
        assert answer.json["current"] == 2
    assert ada.get(path).json["name"] == "First"


def test_of_many_who_change_the_same_revision_one_wins(ada: Caller) -> None:
    path = f"/prompts/{make_prompt(ada)['id']}"

    def rename(number: int) -> int:
        return ada.patch(path, {"name": f"Name {number}"}, if_match='"1"').status

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(rename, range(24)))
    assert statuses == [200] + [412] * 23
    assert ada.get(path).json["revision"] == 2


def test_a_workflow_has_a_tag_too(ada: Caller) -> None:
    workflow = make_workflow(ada)
    path = f"/workflows/{workflow['id']}"
    tag = ada.get(path).header("ETag")
    assert tag == f'"1-{workflow["digest"]}"'
    assert ada.get(path, if_none_match=tag).status == 304
