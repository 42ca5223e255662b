"""What is wrong with a request is told by name and place, and nothing of it reaches a service."""

import base64
import json
from typing import Any

import pytest

from functions.api.handler import handler
from functions.api.requests import MAX_BODY_BYTES, MAX_QUERY_FIELDS
from promptpilot.platform import Platform
from tests.handlers.here import PROMPT, Caller, event_of, make_prompt


def test_an_unknown_field_is_refused_by_name(one: Caller) -> None:
    answer = one.post("/prompts", {**PROMPT, "colour": "red"})
    assert answer.status == 422
    assert answer.json["code"] == "validation_failed"
    [field] = answer.json["fields"]
    assert (field["in"], field["at"], field["code"]) == ("body", "/colour", "extra_forbidden")


def test_all_faults_are_told_at_once_each_with_its_json_pointer(one: Caller) -> None:
    body = {"content": 1, "variables": ["a", {"name": "b", "a/b~c": 1}], "settings": {"seed": "x"}}
    places = {field["at"] for field in one.post("/prompts", body).json["fields"]}
    assert {"/name", "/content", "/variables/1/a~1b~0c", "/settings/seed"} <= places


def test_the_path_of_a_fault_leads_through_what_was_sent_only(one: Caller) -> None:
    body = {**PROMPT, "variables": ["notes", {"name": "b", "type": "colour"}]}
    for field in one.post("/prompts", body).json["fields"]:
        value: Any = body
        for part in field["at"].split("/")[1:-1]:
            value = value[int(part)] if isinstance(value, list) else value[part]


def test_a_refused_secret_is_not_repeated(ports: Platform) -> None:
    secret = "hunter2"
    answer = Caller().post(
        "/auth/signup", {"email": "a@example.com", "password": secret, "name": "A"}
    )
    assert answer.status == 422
    assert [field["at"] for field in answer.json["fields"]] == ["/password"]
    assert secret not in answer.text


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("{", 1, 1),
        ('{"name": "a",}', 1, 14),
        ('{\n "name": nope}', 2, 11),
        ('{"name": "\\ud800"}', 1, 17),
        ('{"name": "a"} {}', 1, 15),
        ("[" * 500 + "]" * 500, 1, 202),
    ],
)
def test_bad_json_is_a_400_with_its_place(one: Caller, text: str, line: int, column: int) -> None:
    answer = one.post("/prompts", text)
    assert answer.status == 400, answer.text
    assert answer.json["code"] == "json_invalid"
    assert (answer.json["line"], answer.json["column"]) == (line, column)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "-1E+400", "9" * 400 + ".0"])
@pytest.mark.parametrize("body", ['{"variables": {"notes": %s}}', '{"variables": {"a": [[%s]]}}'])
def test_a_number_that_is_not_finite_is_not_json(one: Caller, number: str, body: str) -> None:
    prompt = make_prompt(one)
    answer = one.post(f"/prompts/{prompt['id']}/render", body % number)
    assert answer.status == 400
    assert answer.json["code"] == "json_invalid"


def test_text_that_only_looks_like_such_a_number_is_fine(one: Caller) -> None:
    prompt = make_prompt(one)
    notes = "NaN is not Infinity; 1e999 is neither."
    answer = one.post(f"/prompts/{prompt['id']}/render", {"variables": {"notes": notes}})
    assert answer.status == 200
    assert notes in answer.json["text"]


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"'])
def test_a_body_that_is_no_object_is_refused(one: Caller, body: str) -> None:
    answer = one.post("/prompts", body)
    assert answer.status == 422
    assert [field["at"] for field in answer.json["fields"]] == [""]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
def test_another_content_type_is_a_415_that_names_what_is_taken(one: Caller, kind: str) -> None:
    answer = one.post("/prompts", PROMPT, content_type=kind)
    assert answer.status == 415
    assert answer.header("Accept") == "application/json"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_may_be_called_by_its_other_names(one: Caller, kind: str) -> None:
    assert one.post("/prompts", PROMPT, content_type=kind).status == 201


def test_a_body_without_a_content_type_is_taken_for_json(one: Caller) -> None:
    event = event_of("POST", "/prompts", json.dumps(PROMPT), user=one.user)
    assert handler(event, None)["statusCode"] == 201


@pytest.mark.parametrize("letter", ["a", "ä", "€"])
def test_a_body_of_over_a_mebibyte_is_a_413(one: Caller, letter: str) -> None:
    size = len(letter.encode())
    body = json.dumps({**PROMPT, "message": letter * (MAX_BODY_BYTES // size)}, ensure_ascii=False)
    answer = one.post("/prompts", body)
    assert answer.status == 413
    assert answer.json["limit"] == MAX_BODY_BYTES
    assert answer.json["size"] == len(body.encode())


def test_a_body_of_a_mebibyte_is_read(one: Caller) -> None:
    body = json.dumps(PROMPT)
    answer = one.post("/prompts", body + " " * (MAX_BODY_BYTES - len(body)))
    assert answer.status == 201


def test_a_body_in_base64_is_decoded(one: Caller) -> None:
    event = event_of("POST", "/prompts", user=one.user)
    event["body"] = base64.b64encode(json.dumps(PROMPT).encode()).decode()
    event["isBase64Encoded"] = True
    assert handler(event, None)["statusCode"] == 201


def test_half_a_character_is_a_400(one: Caller) -> None:
    answer = one.post("/prompts", '{"name": "\ud800"}')
    assert (answer.status, answer.json["code"]) == (400, "json_invalid")


@pytest.mark.parametrize("body", ["%%%", base64.b64encode(b'{"name": "\xff"}').decode()])
def test_bytes_that_are_no_text_are_a_400(one: Caller, body: str) -> None:
    event = event_of("POST", "/prompts", user=one.user)
    event["body"], event["isBase64Encoded"] = body, True
    answer = handler(event, None)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["code"] == "json_invalid"


def test_a_large_body_in_base64_is_a_413(one: Caller) -> None:
    event = event_of("POST", "/prompts", user=one.user)
    event["body"] = base64.b64encode(b" " * (MAX_BODY_BYTES + 1)).decode()
    event["isBase64Encoded"] = True
    assert handler(event, None)["statusCode"] == 413


@pytest.mark.parametrize(
    ("query", "at", "code"),
    [
        ("lable=production", "/lable", "unknown"),
        ("label=a&label=b", "/label", "repeated"),
        ("label=" + "x" * 101, "/label", "string_too_long"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(
    one: Caller, query: str, at: str, code: str
) -> None:
    prompt = make_prompt(one)
    answer = one.get(f"/prompts/{prompt['id']}?{query}")
    assert answer.status == 422
    [field] = answer.json["fields"]
    assert (field["in"], field["at"], field["code"]) == ("query", at, code)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "1.5", ""])
def test_a_limit_out_of_bounds_is_refused(one: Caller, limit: str) -> None:
    answer = one.get(f"/prompts?limit={limit}")
    assert answer.status == 422
    assert answer.json["fields"][0]["at"] == "/limit"


def test_a_query_of_very_many_fields_is_refused(one: Caller) -> None:
    answer = one.get("/prompts?" + "&".join(["tag=x"] * (MAX_QUERY_FIELDS + 1)))
    assert answer.status == 422


def test_a_query_is_decoded(one: Caller) -> None:
    make_prompt(one, metadata={"category": "a & b=ü, c"})
    found = one.get("/prompts?category=a+%26+b%3D%C3%BC%2C+c").json["items"]
    assert len(found) == 1


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/prompts/", "/prompts//x", "/prompts/a/b/c", "/prompts/" + "x" * 201]
)
def test_an_unknown_path_is_a_404(one: Caller, path: str) -> None:
    answer = one.get(path)
    assert answer.status == 404
    assert answer.json["code"] == "path_unknown"


def test_a_known_path_with_another_method_is_a_405_that_names_those_it_has(one: Caller) -> None:
    answer = one.delete("/prompts")
    assert answer.status == 405
    assert answer.header("Allow") == "GET, HEAD, OPTIONS, POST"


def test_options_says_what_there_is(ports: Platform) -> None:
    answer = Caller().call("OPTIONS", "/prompts/x/labels/y")
    assert (answer.status, answer.text) == (204, "")
    assert answer.header("Allow") == "DELETE, OPTIONS, PUT"


def test_head_is_get_without_the_body(one: Caller) -> None:
    prompt = make_prompt(one)
    got, head = one.get(f"/prompts/{prompt['id']}"), one.call("HEAD", f"/prompts/{prompt['id']}")
    assert (head.status, head.text) == (200, "")
    assert head.header("ETag") == got.header("ETag")


def test_every_path_is_reachable_below_api_as_well(one: Caller) -> None:
    created = one.post("/api/prompts", PROMPT)
    assert created.status == 201
    location = created.header("Location")
    assert location == f"/api/prompts/{created.json['id']}"
    assert one.get(location).status == 200
    assert one.get(location.removeprefix("/api")).status == 200
    assert one.get("/api").status == 404
    assert one.get("/apiprompts").status == 404


def test_a_stage_in_the_path_is_left_out(one: Caller) -> None:
    event = event_of("GET", "/prod/models", user=one.user)
    event["requestContext"]["stage"] = "prod"
    assert handler(event, None)["statusCode"] == 200


def test_every_answer_has_the_id_of_its_request(one: Caller) -> None:
    for path in ("/models", "/nothing"):
        event = event_of("GET", path, user=one.user)
        answer = handler(event, None)
        assert answer["headers"]["X-Request-Id"] == event["requestContext"]["requestId"]
