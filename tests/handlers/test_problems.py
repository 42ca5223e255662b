"""Every error has one status, and says what it knows."""

import inspect
import json
from typing import Any

import pytest

from functions.api import handler as api
from functions.api import problems, refusals
from functions.api.refusals import FieldFault
from promptpilot import errors, step_errors
from promptpilot.errors import Problem, PromptPilotError
from promptpilot.platform import Platform
from tests.handlers.here import event_of

CASES: list[tuple[PromptPilotError, int, dict[str, Any]]] = [
    (PromptPilotError(), 500, {}),
    (errors.Invalid(reason="No."), 422, {"detail": "No."}),
    (
        errors.DocumentInvalid(problems=(Problem("/steps/0", "unknown", "What?"),)),
        422,
        {"problems": [{"at": "/steps/0", "code": "unknown", "message": "What?"}]},
    ),
    (
        errors.TemplateInvalid(reason="unexpected", line=3, column=7),
        422,
        {"line": 3, "column": 7, "template": "content"},
    ),
    (errors.RenderFailed(reason="undefined", line=2), 422, {"line": 2}),
    (
        errors.VariablesInvalid(missing=("a",), unknown=("b",), wrong={"c": "not a string"}),
        422,
        {"missing": ["a"], "unknown": ["b"], "wrong": {"c": "not a string"}},
    ),
    (
        errors.VersionBumpTooSmall(required="major", minimum="2.0.0", reasons=("a went",)),
        422,
        {"required": "major", "minimum": "2.0.0", "reasons": ["a went"]},
    ),
    (errors.CursorInvalid(), 400, {}),
    (errors.CodeRejected(), 422, {}),
    (
        errors.FileRejected(media_type="image/png", found="text/plain"),
        422,
        {"media_type": "image/png", "found": "text/plain"},
    ),
    (errors.ModelKeyRefused(vendor="openai"), 422, {"vendor": "openai"}),
    (errors.TooLarge(what="It", limit=10, size=11), 413, {"limit": 10, "size": 11}),
    (errors.Unauthenticated(), 401, {}),
    (errors.CredentialsRejected(), 401, {}),
    (errors.LogInIncomplete(), 403, {}),
    (errors.AccountUnconfirmed(), 403, {}),
    (errors.PasswordResetRequired(), 403, {}),
    (
        errors.ChallengeRequired(challenge="totp", session="s"),
        403,
        {"challenge": "totp", "session": "s"},
    ),
    (errors.SignUpClosed(), 403, {}),
    (errors.Forbidden(action="prompt:write", role="viewer"), 403, {"role": "viewer"}),
    (errors.NotFound(kind="prompt", id="x"), 404, {"kind": "prompt", "id": "x"}),
    (errors.Conflict(reason="No."), 409, {}),
    (errors.AlreadyExists(kind="account", id="x"), 409, {"kind": "account"}),
    (errors.Archived(kind="workflow", id="x"), 409, {"kind": "workflow", "id": "x"}),
    (errors.Unpublished(kind="workflow", id="x"), 409, {"kind": "workflow", "id": "x"}),
    (errors.ExecutionEnded(ended_as="failed"), 409, {"ended_as": "failed"}),
    (errors.ExecutionNotEnded(), 409, {}),
    (errors.ExecutionNotResumable(), 409, {}),
    (errors.ExecutionIsChild(parent="execution_1"), 409, {"parent": "execution_1"}),
    (errors.ExecutionLimitReached(limit=3), 409, {"limit": 3}),
    (errors.WorkflowSuspended(workflow="x"), 409, {"workflow": "x"}),
    (errors.IdempotencyConflict(), 409, {}),
    (errors.ConditionFailed(operation=2), 409, {}),
    (errors.RevisionConflict(current=8), 412, {"current": 8}),
    (errors.Unavailable(retry_after=7), 503, {"retry_after": 7}),
    (errors.StoreUnavailable(), 503, {}),
    (errors.ModelKeyUnchecked(vendor="openai"), 503, {"vendor": "openai"}),
    (step_errors.StepError(log="log_1"), 502, {"log": "log_1"}),
    (step_errors.StepTimedOut(), 504, {}),
    (step_errors.StepInvalid(), 422, {}),
    (step_errors.StepAbandoned(), 502, {}),
    (step_errors.OutputInvalid(), 502, {}),
    (step_errors.BudgetExceeded(limit=500), 402, {"limit": 500}),
    (step_errors.ApprovalTimedOut(), 502, {}),
    (step_errors.StepCancelled(), 502, {}),
    (step_errors.ChildFailed(child="execution_1"), 502, {"child": "execution_1"}),
    (step_errors.WorkflowTooDeep(), 502, {}),
    (step_errors.ActionError(), 502, {}),
    (step_errors.ActionUnavailable(), 502, {}),
    (step_errors.ActionRateLimited(retry_after=2.4), 502, {"retry_after": 2.4}),
    (step_errors.ActionRejected(), 502, {}),
    (step_errors.EgressRefused(), 502, {}),
    (step_errors.ModelError(), 502, {}),
    (step_errors.ModelRateLimited(retry_after=2.4), 429, {}),
    (step_errors.ModelOverloaded(), 503, {}),
    (step_errors.ModelTimeout(), 504, {}),
    (step_errors.ModelUnavailable(), 502, {}),
    (step_errors.ModelAuthFailed(), 502, {}),
    (step_errors.ModelUnknown(model="a/b"), 422, {"model": "a/b"}),
    (step_errors.ModelRefused(), 422, {}),
    (step_errors.ContextTooLong(), 422, {}),
    (step_errors.ModelRejectedRequest(), 422, {}),
    (
        refusals.ValidationFailed(faults=(FieldFault("body", "/a", "missing", "Needed."),)),
        422,
        {"fields": [{"in": "body", "at": "/a", "code": "missing", "message": "Needed."}]},
    ),
    (refusals.JsonInvalid(reason="comma", line=1, column=9), 400, {"line": 1, "column": 9}),
    (refusals.MediaTypeUnsupported(accepted=("application/json",)), 415, {}),
    (refusals.PathUnknown(), 404, {}),
    (refusals.MethodNotAllowed(allowed=("GET",)), 405, {"allowed": ["GET"]}),
    (refusals.RequestInFlight(), 409, {}),
    (refusals.RequestTimedOut(seconds=30), 408, {}),
    (refusals.NotHttp(), 400, {}),
    (refusals.HeadersTooLarge(limit=10), 431, {}),
]


@pytest.mark.parametrize(("error", "status", "said"), CASES, ids=lambda each: type(each).__name__)
def test_an_error_is_answered_with_its_status_and_its_data(
    error: PromptPilotError, status: int, said: dict[str, Any]
) -> None:
    answer = problems.problem(error, "request-1")
    body = json.loads(answer["body"])
    assert answer["statusCode"] == body["status"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert body["type"] == f"urn:promptpilot:problem:{error.code}"
    assert body["code"] == error.code
    assert body["request_id"] == "request-1"
    assert body["title"]
    assert body["detail"] == str(error)
    assert {name: body[name] for name in said} == said


def test_every_error_of_the_tree_is_among_the_cases() -> None:
    every = {
        each
        for module in (errors, step_errors, refusals)
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, PromptPilotError)
    }
    assert every == {type(error) for error, _, _ in CASES}


def test_codes_tell_the_errors_apart() -> None:
    codes = [error.code for error, _, _ in CASES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (errors.Unavailable(retry_after=7), "Retry-After", "7"),
        (step_errors.ModelRateLimited(retry_after=2.4), "Retry-After", "2"),
        (step_errors.ModelRateLimited(retry_after=0.1), "Retry-After", "1"),
        (refusals.RequestInFlight(), "Retry-After", "1"),
        (errors.Unauthenticated(), "WWW-Authenticate", 'Bearer realm="promptpilot"'),
        (refusals.MethodNotAllowed(allowed=("GET", "HEAD")), "Allow", "GET, HEAD"),
        (refusals.MediaTypeUnsupported(accepted=("a/b",)), "Accept", "a/b"),
    ],
)
def test_what_a_client_can_act_on_is_in_the_headers(
    error: PromptPilotError, name: str, value: str
) -> None:
    assert problems.problem(error, "")["headers"][name] == value


def test_a_vendor_that_did_not_say_when_gets_no_retry_after() -> None:
    assert "Retry-After" not in problems.problem(step_errors.ModelRateLimited(), "")["headers"]


def test_the_position_in_our_transaction_stays_with_us() -> None:
    assert "operation" not in json.loads(problems.problem(errors.ConditionFailed(), "")["body"])


def test_a_defect_is_logged_in_full_and_answered_by_its_request_id_alone(
    ports: Platform, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret of the table")

    monkeypatch.setattr(ports.table, "get", broken)
    event = event_of("GET", "/health")
    answer = api.handler(event, None)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 500
    assert body["code"] == "internal_error"
    assert body["request_id"] == event["requestContext"]["requestId"]
    assert "secret" not in answer["body"]
    [record] = [each for each in caplog.records if each.name == "functions.api.handler"]
    assert record.request_id == body["request_id"]  # type: ignore[attr-defined]
    assert record.exc_info is not None
    assert "the secret of the table" in str(record.exc_info[1])


def test_a_store_that_is_away_is_a_503_that_says_when_to_come_back(
    ports: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise errors.StoreUnavailable

    monkeypatch.setattr(ports.table, "get", away)
    answer = api.handler(event_of("GET", "/health"), None)
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "1"
