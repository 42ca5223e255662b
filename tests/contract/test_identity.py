"""What every issuer promises."""

import pytest

from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Tokens, User
from promptpilot.errors import AlreadyExists, CodeRejected, CredentialsRejected, Unauthenticated
from promptpilot.ports.identity import Identity
from promptpilot.services.principals import personal_workspace
from tests.contract.issuers import EMAIL, PASSWORD, Issuer


@pytest.fixture
def user(issuer: Issuer) -> str:
    return issuer.newcomer()


@pytest.fixture
def tokens(identity: Identity, user: str) -> Tokens:
    return identity.log_in(EMAIL, PASSWORD)


def test_a_new_user_gets_an_id_that_records_can_have(user: str) -> None:
    assert User(
        id=user,
        email=EMAIL,
        name="One",
        personal_workspace=personal_workspace(user),
        created_at="2026-11-24T09:30:00Z",
    )


def test_right_credentials_give_a_token_of_that_user(
    identity: Identity, user: str, tokens: Tokens
) -> None:
    claims = identity.verify(tokens.access_token)
    assert claims.user == user
    assert tokens.expires_in == 3600
    assert abs(claims.expires_at - epoch_ms() / 1000 - 3600) < 60


def test_two_people_are_two_users(issuer: Issuer, user: str) -> None:
    other = issuer.newcomer("two@example.com")
    assert other != user
    tokens = issuer.identity.log_in("two@example.com", PASSWORD)
    assert issuer.identity.verify(tokens.access_token).user == other


def test_a_known_email_is_refused_and_its_password_stays(identity: Identity, user: str) -> None:
    with pytest.raises(AlreadyExists) as refused:
        identity.sign_up(EMAIL, "another long password")
    assert refused.value.id == EMAIL
    assert identity.log_in(EMAIL, PASSWORD)


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong horse battery"), (EMAIL, PASSWORD + "!"), ("three@example.com", PASSWORD)],
)
def test_wrong_credentials_are_rejected_all_alike(
    identity: Identity, user: str, email: str, password: str
) -> None:
    with pytest.raises(CredentialsRejected) as refused:
        identity.log_in(email, password)
    assert refused.value.data() == {}


def test_a_password_is_the_same_however_its_letters_are_composed(
    issuer: Issuer, identity: Identity
) -> None:
    issuer.newcomer(password="na\u00efve caf\u00e9 owner")
    assert identity.log_in(EMAIL, "nai\u0308ve cafe\u0301 owner")


def test_the_email_of_a_token_is_that_of_its_user(identity: Identity, tokens: Tokens) -> None:
    assert identity.email_of(tokens.access_token) == EMAIL


def test_nobody_has_an_email_without_a_token(identity: Identity) -> None:
    with pytest.raises(Unauthenticated):
        identity.email_of("nonsense")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800", "e30.e30.", "\u0000", "." * 100])
def test_a_text_that_is_no_token_is_refused(identity: Identity, token: str) -> None:
    with pytest.raises(Unauthenticated):
        identity.verify(token)


def test_a_token_that_was_changed_is_refused(identity: Identity, tokens: Tokens) -> None:
    head, body, signature = tokens.access_token.split(".")
    flipped = "A" if signature[0] != "A" else "B"
    for changed in (f"{head}.{body}.{flipped}{signature[1:]}", f"{head}.{body}."):
        with pytest.raises(Unauthenticated):
            identity.verify(changed)
    with pytest.raises(Unauthenticated):
        identity.verify(tokens.refresh_token)


def test_a_refresh_token_leads_from_one_to_the_next(
    identity: Identity, user: str, tokens: Tokens
) -> None:
    seen = {tokens.refresh_token}
    for _ in range(5):
        tokens = identity.refresh(tokens.refresh_token)
        assert identity.verify(tokens.access_token).user == user
        seen.add(tokens.refresh_token)
    assert len(seen) == 6


def test_a_spent_refresh_token_is_refused(identity: Identity, tokens: Tokens) -> None:
    identity.refresh(tokens.refresh_token)
    with pytest.raises(Unauthenticated):
        identity.refresh(tokens.refresh_token)


def test_an_unknown_refresh_token_is_refused(identity: Identity, user: str) -> None:
    with pytest.raises(Unauthenticated):
        identity.refresh("rt_of_nobody")


@pytest.mark.parametrize("email", [EMAIL, "three@example.com"])
def test_a_code_that_was_not_sent_is_refused(identity: Identity, user: str, email: str) -> None:
    with pytest.raises(CodeRejected):
        identity.confirm(email, "482913")
    with pytest.raises(CodeRejected):
        identity.reset_password(email, "482913", "another long password")
    assert identity.log_in(EMAIL, PASSWORD)


@pytest.mark.parametrize("email", [EMAIL, "three@example.com"])
def test_asking_for_a_code_tells_nobody_who_has_an_account(
    identity: Identity, user: str, email: str
) -> None:
    identity.resend_code(email)
    identity.forgot_password(email)
    assert identity.log_in(EMAIL, PASSWORD)


@pytest.mark.parametrize("session", ["x", "totp", "totp|x", "totp||x", "new_password|x|y", "a|b|c"])
def test_an_answer_that_nobody_asked_for_is_refused(
    identity: Identity, user: str, session: str
) -> None:
    with pytest.raises(Unauthenticated):
        identity.answer_challenge(EMAIL, session, code="1", password="another long password")
