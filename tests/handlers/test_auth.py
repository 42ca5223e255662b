"""Signing up, logging in and staying logged in, as a client sees it."""

from dataclasses import replace

import pytest

from embedded.identity import LocalIdentity
from promptpilot import platform
from promptpilot.domain.identity import ChallengeKind, Registration, Tokens
from promptpilot.errors import AccountUnconfirmed, ChallengeRequired, CodeRejected, SignUpClosed
from promptpilot.platform import Platform
from tests.handlers.here import Caller, KnowsNobody

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


def test_an_account_here_needs_no_confirmation(identity: LocalIdentity) -> None:
    assert NOBODY.post("/auth/signup", ONE).json["needs_confirmation"] is False
    answer = NOBODY.post("/auth/confirm", {"email": ONE["email"], "code": "482913"})
    assert (answer.status, answer.json["code"]) == (422, "code_rejected")


@pytest.mark.parametrize("path", ["/auth/forgot", "/auth/resend"])
def test_asking_for_a_code_is_answered_alike_for_everybody(
    identity: LocalIdentity, path: str
) -> None:
    NOBODY.post("/auth/signup", ONE)
    answers = [NOBODY.post(path, {"email": email}) for email in (ONE["email"], "two@example.com")]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json == answers[1].json


@pytest.mark.parametrize("email", [ONE["email"], "two@example.com"])
def test_a_password_is_not_reset_without_the_code(identity: LocalIdentity, email: str) -> None:
    NOBODY.post("/auth/signup", ONE)
    answer = NOBODY.post(
        "/auth/reset", {"email": email, "code": "482913", "password": "another horse altogether"}
    )
    assert (answer.status, answer.json["code"]) == (422, "code_rejected")
    assert log_in()


@pytest.mark.parametrize("answered", [{"code": "482913"}, {"password": "another horse"}, {}])
def test_a_challenge_that_nobody_was_asked_is_refused(
    identity: LocalIdentity, answered: dict[str, str]
) -> None:
    answer = NOBODY.post(
        "/auth/challenge", {"email": ONE["email"], "session": "totp|x|y", **answered}
    )
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated")


class AsksForMore(KnowsNobody):
    """An `Identity` as a user pool may be: somebody there is not confirmed, another has to answer
    a challenge, nobody may sign up, and everything is noted.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def sign_up(self, email: str, password: str) -> Registration:
        raise SignUpClosed

    def confirm(self, email: str, code: str) -> None:
        self.heard.append(("confirm", email, code))

    def resend_code(self, email: str) -> None:
        self.heard.append(("resend", email))

    def log_in(self, email: str, password: str) -> Tokens:
        if email == "one@example.com":
            raise ChallengeRequired(challenge=ChallengeKind.TOTP, session="s")
        raise AccountUnconfirmed

    def answer_challenge(
        self, email: str, session: str, *, code: str | None, password: str | None
    ) -> Tokens:
        self.heard.append(("answer", email, session, f"{code}", f"{password}"))
        raise CodeRejected

    def refresh(self, refresh_token: str) -> Tokens:
        return Tokens(access_token="a", refresh_token=refresh_token, expires_in=3600)

    def forgot_password(self, email: str) -> None:
        self.heard.append(("forgot", email))

    def reset_password(self, email: str, code: str, password: str) -> None:
        self.heard.append(("reset", email, code, password))


@pytest.fixture
def pool(ports: Platform) -> AsksForMore:
    pool = AsksForMore()
    platform.install(replace(ports, identity=pool))  # type: ignore[type-var]
    return pool


def test_a_log_in_that_is_challenged_says_what_and_in_which_session(pool: AsksForMore) -> None:
    answer = NOBODY.post("/auth/login", {"email": "One@example.com", "password": "p"})
    assert answer.status == 403
    problem = answer.json
    assert (problem["code"], problem["challenge"]) == ("challenge_required", "totp")
    assert problem["session"] == "s"
    assert answer.header("Cache-Control") == "no-store"
    sent = {"email": "One@example.com", "session": "s", "code": " 482913 "}
    assert NOBODY.post("/auth/challenge", sent).json["code"] == "code_rejected"
    chosen = "another horse altogether"
    sent = {"email": "One@example.com", "session": "s", "password": chosen}
    assert NOBODY.post("/auth/challenge", sent).status == 422
    assert pool.heard == [
        ("answer", "one@example.com", "s", "482913", "None"),
        ("answer", "one@example.com", "s", "None", chosen),
    ]


def test_a_log_in_before_the_confirmation_has_a_code_of_its_own(pool: AsksForMore) -> None:
    answer = NOBODY.post("/auth/login", {"email": "two@example.com", "password": "p"})
    assert (answer.status, answer.json["code"]) == (403, "account_unconfirmed")


def test_a_sign_up_that_is_closed_says_so(pool: AsksForMore) -> None:
    answer = NOBODY.post("/auth/signup", ONE)
    assert (answer.status, answer.json["code"]) == (403, "sign_up_closed")


def test_codes_and_addresses_reach_the_issuer_in_their_normal_form(pool: AsksForMore) -> None:
    email, password = "ONE@Example.com", "another horse altogether"
    NOBODY.post("/auth/resend", {"email": email})
    confirmed = NOBODY.post("/auth/confirm", {"email": email, "code": " 1 "})
    NOBODY.post("/auth/forgot", {"email": email})
    reset = NOBODY.post("/auth/reset", {"email": email, "code": "2", "password": password})
    assert (confirmed.status, reset.status) == (200, 200)
    assert pool.heard == [
        ("resend", "one@example.com"),
        ("confirm", "one@example.com", "1"),
        ("forgot", "one@example.com"),
        ("reset", "one@example.com", "2", password),
    ]


@pytest.mark.parametrize("path", ["/auth/reset", "/auth/challenge"])
def test_a_new_password_that_is_none_is_refused_wherever_it_is_chosen(
    pool: AsksForMore, path: str
) -> None:
    sent = {"email": "one@example.com", "password": "one@example.com"}
    sent |= {"code": "1"} if path == "/auth/reset" else {"session": "s"}
    answer = NOBODY.post(path, sent)
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    assert pool.heard == []


def test_a_refresh_token_may_be_as_long_as_a_user_pool_makes_it(pool: AsksForMore) -> None:
    token = "x" * 4_000
    answer = NOBODY.post("/auth/refresh", {"refresh_token": token})
    assert answer.json["refresh_token"] == token


@pytest.mark.parametrize(
    ("path", "sent", "at"),
    [
        ("/auth/confirm", {"email": "one@example.com"}, "/code"),
        ("/auth/confirm", {"email": "one@example.com", "code": "1 2"}, "/code"),
        ("/auth/resend", {}, "/email"),
        ("/auth/forgot", {"email": ""}, "/email"),
        ("/auth/reset", {"email": "o", "code": "1", "password": "short"}, "/password"),
        ("/auth/challenge", {"email": "o", "code": "1"}, "/session"),
        ("/auth/challenge", {"email": "o", "session": "s", "password": "short"}, "/password"),
        ("/auth/refresh", {"refresh_token": "x" * 9_000}, "/refresh_token"),
    ],
)
def test_what_is_sent_wrongly_is_named(
    pool: AsksForMore, path: str, sent: dict[str, str], at: str
) -> None:
    answer = NOBODY.post(path, sent)
    assert answer.status == 422
    assert [field["at"] for field in answer.json["fields"]] == [at]
    assert pool.heard == []
