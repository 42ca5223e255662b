"""Reading only what is new, and changing only what one has seen."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.handlers.here import Caller, make_prompt, make_workflow


def test_a_document_that_the_client_has_is_not_sent_again(one: Caller) -> None:
    document = make_prompt(one)
    path = f"/prompts/{document['id']}"
    tag = one.get(path).header("ETag")
    assert tag == f'"1-{document["digest"]}"'
    for known in (tag, f'"other", {tag}', f"W/{tag}", f'"{document["digest"]}"', "*"):
        answer = one.get(path, if_none_match=known)
        assert (answer.status, answer.text) == (304, ""), known
        assert answer.header("ETag") == tag
        assert answer.header("Cache-Control") == "private, no-cache"


def test_a_document_that_changed_is_sent(one: Caller) -> None:
    path = f"/prompts/{make_prompt(one)['id']}"
    tag = one.get(path).header("ETag")
    one.patch(path, {"name": "Other"})
    answer = one.get(path, if_none_match=str(tag))
    assert (answer.status, answer.json["name"]) == (200, "Other")
    assert answer.header("ETag") != tag


def test_a_version_may_be_kept_for_ever(one: Caller) -> None:
    document = make_prompt(one)
    path = f"/prompts/{document['id']}/versions/1.0.0"
    answer = one.get(path)
    assert answer.header("ETag") == f'"{document["digest"]}"'
    assert answer.header("Cache-Control") == "private, max-age=31536000, immutable"
    assert one.get(path, if_none_match=f'"{document["digest"]}"').status == 304


def test_what_is_kept_for_ever_has_nothing_that_changes(one: Caller) -> None:
    prompt = make_prompt(one)["id"]
    path = f"/prompts/{prompt}/versions/1.0.0"
    before = one.get(path).json
    one.patch(f"/prompts/{prompt}", {"name": "Other", "folder": "a", "metadata": {"tags": ["b"]}})
    one.put(f"/prompts/{prompt}/labels/production", {"version": "1.0.0", "protected": True})
    one.post(f"/prompts/{prompt}/versions", {"content": "Other: {{notes}}"})
    assert one.get(path).json == before


@pytest.mark.parametrize("written", ["{tag}", '"{revision}"', "*", ' "{revision}" '])
def test_a_change_of_what_one_has_seen_is_made(one: Caller, written: str) -> None:
    document = make_prompt(one)
    path = f"/prompts/{document['id']}"
    tag = one.get(path).header("ETag")
    if_match = written.format(tag=tag, revision=document["revision"])
    answer = one.patch(path, {"name": "Other"}, if_match=if_match)
    assert answer.status == 200
    assert answer.json["revision"] == 2


@pytest.mark.parametrize("written", ["{tag}", '"1"', '"abc"', "abc", 'W/"2"', '"2", "1"', '"-2"'])
def test_a_change_of_what_has_changed_since_is_a_412_with_the_current_revision(
    one: Caller, written: str
) -> None:
    path = f"/prompts/{make_prompt(one)['id']}"
    tag = one.get(path).header("ETag")
    one.patch(path, {"name": "First"})
    for answer in (
        one.patch(path, {"name": "Second"}, if_match=written.format(tag=tag)),
        one.post(f"{path}/versions", {"content": "{{notes}}!"}, if_match=written.format(tag=tag)),
        one.put(f"{path}/labels/x", {"version": "1.0.0"}, if_match=written.format(tag=tag)),
    ):
        assert (answer.status, answer.json["code"]) == (412, "revision_conflict")
        assert answer.json["current"] == 2
    assert one.get(path).json["name"] == "First"


def test_of_many_who_change_the_same_revision_one_wins(one: Caller) -> None:
    path = f"/prompts/{make_prompt(one)['id']}"

    def rename(number: int) -> int:
        return one.patch(path, {"name": f"Name {number}"}, if_match='"1"').status

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(rename, range(24)))
    assert statuses == [200] + [412] * 23
    assert one.get(path).json["revision"] == 2


def test_a_workflow_has_a_tag_too(one: Caller) -> None:
    workflow = make_workflow(one)
    path = f"/workflows/{workflow['id']}"
    tag = one.get(path).header("ETag")
    assert tag == f'"1-{workflow["digest"]}"'
    assert one.get(path, if_none_match=tag).status == 304
