"""Signing up, logging in and staying logged in, as a client sees it."""

import pytest

from embedded.identity import LocalIdentity
from tests.handlers.here import Caller

ONE = {"email": "One@Example.com", "password": "correct horse battery staple", "name": "One"}
NOBODY = Caller()


def log_in(email: str = "one@example.com", password: str = ONE["password"]) -> dict[str, str]:
    answer = NOBODY.post("/auth/login", {"email": email, "password": password})
    assert answer.status == 200, answer.text
    return answer.json


def test_signing_up_makes_a_user_with_a_personal_workspace(identity: LocalIdentity) -> None:
    answer = NOBODY.post("/auth/signup", ONE)
    assert answer.status == 201
    user, workspace = answer.json["user"], answer.json["workspace"]
    assert user["email"] == "one@example.com"
    assert user["personal_workspace"] == workspace["id"]
    profile = Caller(user["id"]).get("/me")
    assert profile.json == {"user": user, "workspaces": [{"workspace": workspace, "role": "owner"}]}


def test_nothing_of_the_password_is_answered(identity: LocalIdentity) -> None:
    assert "horse" not in NOBODY.post("/auth/signup", ONE).text


def test_one_email_is_one_account_however_it_is_written(identity: LocalIdentity) -> None:
    NOBODY.post("/auth/signup", ONE)
    answer = NOBODY.post(
        "/auth/signup", {**ONE, "email": "ONE@example.com", "password": "x" * 5 + "other"}
    )
    assert answer.status == 409
    assert answer.json["code"] == "already_exists"


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"email": "nobody"}, "/email"),
        ({"password": "short"}, "/password"),
        ({"password": "x" * 257}, "/password"),
        ({"name": "  "}, "/name"),
        ({"role": "owner"}, "/role"),
    ],
)
def test_a_sign_up_that_cannot_be_accepted_names_the_field(
    identity: LocalIdentity, change: dict[str, str], at: str
) -> None:
    answer = NOBODY.post("/auth/signup", {**ONE, **change})
    assert answer.status == 422
    assert [field["at"] for field in answer.json["fields"]] == [at]


@pytest.mark.parametrize("password", ["aaaaaaaaaaaaaaa", "one@example.com"])
def test_a_password_that_is_none_is_refused(identity: LocalIdentity, password: str) -> None:
    answer = NOBODY.post("/auth/signup", {**ONE, "password": password})
    assert (answer.status, answer.json["code"]) == (422, "invalid")


def test_right_credentials_give_tokens_that_the_issuer_verifies(identity: LocalIdentity) -> None:
    user = NOBODY.post("/auth/signup", ONE).json["user"]["id"]
    tokens = log_in(" ONE@EXAMPLE.COM ")
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert identity.verify(tokens["access_token"]).user == user


@pytest.mark.parametrize(
    ("email", "password"),
    [("one@example.com", "wrong horse battery"), ("three@example.com", ONE["password"])],
)
def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(
    identity: LocalIdentity, email: str, password: str
) -> None:
    NOBODY.post("/auth/signup", ONE)
    answer = NOBODY.post("/auth/login", {"email": email, "password": password})
    assert answer.status == 401
    assert answer.json["code"] == "credentials_rejected"
    assert answer.json["detail"] == "The email or the password is wrong."


def test_a_refresh_token_works_once(identity: LocalIdentity) -> None:
    NOBODY.post("/auth/signup", ONE)
    first = log_in()
    second = NOBODY.post("/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert second.status == 200
    assert second.json["access_token"] != first["access_token"]
    again = NOBODY.post("/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert again.status == 401
    # Somebody has a copy, so nobody goes on with what came from it.
    assert (
        NOBODY.post("/auth/refresh", {"refresh_token": second.json["refresh_token"]}).status == 401
    )


def test_an_unknown_refresh_token_is_refused(identity: LocalIdentity) -> None:
    answer = NOBODY.post("/auth/refresh", {"refresh_token": "rt_of_nobody"})
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
