"""Files are kept by their contents, for their workspace, and given back as what they are."""

import base64
import hashlib
import json

import pytest

from functions.api.handler import handler
from functions.api.requests import MAX_BODY_BYTES
from promptpilot import keys
from promptpilot.domain.file import MAX_FILE_BYTES
from promptpilot.domain.permissions import Role
from promptpilot.platform import Platform
from tests.handlers.here import Caller, event_of, set_role
from tests.handlers.sample_files import FILES, PNG, TEXT, send, sent

every_kind = pytest.mark.parametrize(("media_type", "data"), FILES.items(), ids=list(FILES))


@every_kind
def test_a_file_is_given_back_as_it_was_sent(one: Caller, media_type: str, data: bytes) -> None:
    answer = send(one, data, media_type)
    blob = hashlib.sha256(data).hexdigest()
    assert answer.status == 201
    assert answer.json == {"file": {"blob": blob, "media_type": media_type, "bytes": len(data)}}
    assert answer.header("Location") == f"/files/{blob}"

    raw = handler(event_of("GET", f"/files/{blob}", user=one.user), None)
    assert (raw["statusCode"], raw["isBase64Encoded"]) == (200, True)
    assert base64.b64decode(raw["body"]) == data


@every_kind
def test_a_browser_does_nothing_with_a_file_but_keep_it(
    one: Caller, media_type: str, data: bytes
) -> None:
    headers = one.get(f"/files/{sent(one, data, media_type)['blob']}").headers
    expected = "text/plain; charset=utf-8" if media_type == "text/plain" else media_type
    assert headers["Content-Type"] == expected
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"].startswith("attachment; ")


def test_text_comes_as_text_where_the_gateway_leaves_it_so(one: Caller) -> None:
    event = event_of("POST", "/files", TEXT, {"content-type": "Text/Plain; charset=utf-8"})
    event["requestContext"]["authorizer"] = {"lambda": {"user": one.user}}
    answer = handler(event, None)
    assert answer["statusCode"] == 201, answer
    blob = json.loads(answer["body"])["file"]["blob"]
    assert blob == hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html><script>alert(1)</script>", '<svg onload="alert(1)"></svg>']
)
def test_a_page_that_is_sent_as_text_stays_text(one: Caller, page: str) -> None:
    blob = sent(one, page.encode(), "text/plain")["blob"]
    assert one.get(f"/files/{blob}").headers["Content-Type"] == "text/plain; charset=utf-8"


@every_kind
def test_contents_of_another_kind_are_refused(one: Caller, media_type: str, data: bytes) -> None:
    for other in FILES.keys() - {media_type}:
        answer = send(one, data, other)
        assert (answer.status, answer.json["code"]) == (422, "file_rejected")
        assert (answer.json["media_type"], answer.json["found"]) == (other, media_type)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", "text/plain"),
        (b"", "image/png"),
        (b"a\0b", "text/plain"),
        (b"\xff\xfeh\x00i\x00", "text/plain"),
        (PNG[1:], "image/png"),
        (b"RIFF\x1a\x00\x00\x00WAVEfmt ", "image/webp"),
        (b"PK\x03\x04\xff", "application/pdf"),
    ],
)
def test_what_is_no_such_file_is_refused(one: Caller, data: bytes, media_type: str) -> None:
    answer = send(one, data, media_type)
    assert (answer.status, answer.json["code"]) == (422, "file_rejected")


@pytest.mark.parametrize(
    "kind", [None, "", "text/html", "image/svg+xml", "application/json", "image/png+x", "*/*"]
)
def test_another_content_type_is_a_415_that_says_which_are_taken(
    one: Caller, kind: str | None
) -> None:
    answer = send(one, PNG, kind)
    assert (answer.status, answer.json["code"]) == (415, "media_type_unsupported")
    assert set(answer.json["accepted"]) == FILES.keys()


def test_a_file_may_be_as_large_as_a_body(one: Caller) -> None:
    assert MAX_FILE_BYTES == MAX_BODY_BYTES
    data = PNG.ljust(MAX_FILE_BYTES, b"\0")
    assert sent(one, data, "image/png")["bytes"] == MAX_FILE_BYTES
    answer = send(one, data + b"\0", "image/png")
    assert (answer.status, answer.json["limit"]) == (413, MAX_FILE_BYTES)


def test_a_body_that_is_no_base64_though_it_is_said_to_be_is_a_400(one: Caller) -> None:
    answer = send(one, b"", "image/png", body="no base64!")
    assert (answer.status, answer.json["code"]) == (400, "json_invalid")


def test_the_same_again_is_the_same_file_under_its_last_name(one: Caller, ports: Platform) -> None:
    first = sent(one, PNG, "image/png", "one.png")
    second = sent(one, PNG, "image/png", "two.png")
    assert first == {**second, "name": "one.png"}
    headers = one.get(f"/files/{first['blob']}").headers
    assert 'filename="two.png"' in headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", 'filename="BLOB.png"'),
        ("?name=Wei%C3%9Fbild%20%22a%22.png", "filename*=UTF-8''Wei%C3%9Fbild%20%22a%22.png"),
        ("?name=Wei%C3%9Fbild%20%22a%22.png", 'filename="Wei_bild _a_.png"'),
        ("?name=a%0D%0ASet-Cookie:%20b", "filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b"),
        ("?name=..%2F..%2Fa", 'filename=".._.._a"'),
    ],
)
def test_whatever_a_file_is_called_its_name_stays_in_its_header(
    one: Caller, query: str, shown: str
) -> None:
    blob = send(one, PNG, "image/png", f"/files{query}").json["file"]["blob"]
    header = one.get(f"/files/{blob}").headers["Content-Disposition"]
    assert shown.replace("BLOB", blob[:16]) in header
    assert header.isascii()
    assert header.isprintable()


@pytest.mark.parametrize("query", ["?name=", f"?name={'n' * 201}", "?nme=a"])
def test_a_name_that_is_none_is_refused(one: Caller, query: str) -> None:
    answer = send(one, PNG, "image/png", f"/files{query}")
    assert (answer.status, answer.json["code"]) == (422, "validation_failed")


def test_a_client_that_has_the_file_is_not_sent_it_again(one: Caller) -> None:
    blob = sent(one, PNG, "image/png")["blob"]
    tag = one.get(f"/files/{blob}").header("ETag")
    again = one.get(f"/files/{blob}", if_none_match=tag or "")
    assert (again.status, again.text) == (304, "")


def test_a_file_is_not_there_for_another_workspace(one: Caller, two: Caller) -> None:
    blob = sent(one, PNG, "image/png")["blob"]
    for headers in ({}, {"if_none_match": f'"{blob}"'}):
        answer = two.get(f"/files/{blob}", **headers)
        assert (answer.status, answer.json["code"]) == (404, "not_found")
    sent(two, PNG, "image/png")
    assert two.get(f"/files/{blob}").status == 200


def test_a_blob_that_nobody_sent_as_a_file_is_none(one: Caller, ports: Platform) -> None:
    blob = ports.blobs.put(one.workspace, PNG)
    assert one.get(f"/files/{blob}").status == 404


@pytest.mark.parametrize("blob", ["x", "A" * 64, "%2e%2e", "0" * 63, "0" * 64])
def test_what_is_no_file_is_a_404(one: Caller, blob: str) -> None:
    assert one.get(f"/files/{blob}").status == 404


def test_who_may_run_prompts_may_send_files_and_every_member_may_read_them(
    one: Caller, two: Caller
) -> None:
    guest = two.within(one.workspace)
    set_role(str(two.user), one.workspace, Role.VIEWER)
    assert send(guest, PNG, "image/png").status == 403
    blob = sent(one, PNG, "image/png")["blob"]
    assert guest.get(f"/files/{blob}").status == 200
    set_role(str(two.user), one.workspace, Role.RUNNER)
    assert send(guest, PNG, "image/png").status == 201


def test_who_sent_a_file_and_when_is_kept_beside_it(one: Caller, ports: Platform) -> None:
    blob = sent(one, PNG, "image/png")["blob"]
    item = ports.table.get(keys.file(one.workspace, blob))
    assert item is not None
    kept = json.loads(item.body)
    assert (kept["by"], kept["bytes"], kept["media_type"]) == (one.user, len(PNG), "image/png")
    assert kept["at"].endswith("Z")
