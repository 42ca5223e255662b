"""What a user pool does beyond what every issuer promises: codes, challenges, resets."""

from collections.abc import Iterator

import pytest
from moto.cognitoidp.models import COGNITO_TOTP_MFA_SECRET
from moto.cognitoidp.utils import cognito_totp

from promptpilot import clock
from promptpilot.domain.identity import ChallengeKind
from promptpilot.errors import (
    AccountUnconfirmed,
    AlreadyExists,
    CodeRejected,
    CredentialsRejected,
    Invalid,
    Unauthenticated,
)
from tests.contract.issuers import EMAIL, PASSWORD
from tests.contract.user_pools import Cognito, UserPool, mocked_cognito, user_pool

OTHER = "another horse altogether"
TEMPORARY = "temporary password"


@pytest.fixture(scope="module")
def cognito() -> Iterator[Cognito]:
    with mocked_cognito() as cognito:
        yield cognito


@pytest.fixture
def pool(cognito: Cognito) -> UserPool:
    return user_pool(cognito)


@pytest.fixture
def unconfirmed(pool: UserPool) -> str:
    return pool.identity.sign_up(EMAIL, PASSWORD).user


@pytest.fixture
def user(pool: UserPool, unconfirmed: str) -> str:
    pool.identity.confirm(EMAIL, pool.mail.code("confirm", EMAIL))
    return unconfirmed


@pytest.fixture
def with_app(pool: UserPool, user: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Somebody who has an authenticator app."""
    monkeypatch.setenv("MOTO_COGNITO_IDP_USER_POOL_ENABLE_TOTP", "true")
    token = pool.identity.log_in(EMAIL, PASSWORD).access_token
    pool.cognito.associate_software_token(AccessToken=token)
    pool.cognito.verify_software_token(AccessToken=token, UserCode=code_of_the_app())
    pool.cognito.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return user


def code_of_the_app(seconds: int = 0) -> str:
    return (
        cognito_totp(COGNITO_TOTP_MFA_SECRET).generate(clock.epoch_ms() // 1000 + seconds).decode()
    )


def test_who_has_not_confirmed_cannot_log_in_and_hears_why(
    pool: UserPool, unconfirmed: str
) -> None:
    with pytest.raises(AccountUnconfirmed):
        pool.identity.log_in(EMAIL, PASSWORD)
    with pytest.raises(CodeRejected):
        pool.identity.confirm(EMAIL, "000000")
    pool.identity.confirm(EMAIL, pool.mail.code("confirm", EMAIL))
    assert pool.identity.log_in(EMAIL, PASSWORD)


def test_a_sign_up_says_that_it_needs_a_confirmation(pool: UserPool) -> None:
    assert pool.identity.sign_up(EMAIL, PASSWORD).needs_confirmation


def test_a_code_can_be_sent_again(pool: UserPool, unconfirmed: str) -> None:
    first = pool.mail.code("confirm", EMAIL)
    pool.identity.resend_code(EMAIL)
    assert pool.mail.code("confirm", EMAIL) != first
    pool.identity.confirm(EMAIL, pool.mail.code("confirm", EMAIL))


def test_an_account_is_confirmed_once(pool: UserPool, unconfirmed: str) -> None:
    code = pool.mail.code("confirm", EMAIL)
    pool.identity.confirm(EMAIL, code)
    with pytest.raises(CodeRejected):
        pool.identity.confirm(EMAIL, code)


def test_an_email_that_waits_for_its_confirmation_is_taken(
    pool: UserPool, unconfirmed: str
) -> None:
    with pytest.raises(AlreadyExists):
        pool.identity.sign_up(EMAIL, OTHER)


@pytest.mark.parametrize("password", ["short", "123456789"])
def test_a_password_that_the_pool_does_not_take_is_refused(pool: UserPool, password: str) -> None:
    with pytest.raises(Invalid):
        pool.identity.sign_up(EMAIL, password)
    with pytest.raises(CredentialsRejected):
        pool.identity.log_in(EMAIL, password)


def test_a_password_is_reset_by_a_code_and_every_session_ends(pool: UserPool, user: str) -> None:
    session = pool.identity.log_in(EMAIL, PASSWORD)
    pool.identity.forgot_password(EMAIL)
    with pytest.raises(CodeRejected):
        pool.identity.reset_password(EMAIL, "000000", OTHER)
    assert pool.identity.log_in(EMAIL, PASSWORD)
    pool.identity.reset_password(EMAIL, pool.mail.code("reset", EMAIL), OTHER)
    with pytest.raises(CredentialsRejected):
        pool.identity.log_in(EMAIL, PASSWORD)
    with pytest.raises(Unauthenticated):
        pool.identity.refresh(session.refresh_token)
    tokens = pool.identity.log_in(EMAIL, OTHER)
    assert pool.identity.verify(tokens.access_token).user == user


def test_an_authenticator_app_is_asked_for_its_code(pool: UserPool, with_app: str) -> None:
    question = pool.challenge(EMAIL, PASSWORD)
    assert question.challenge == ChallengeKind.TOTP
    with pytest.raises(CodeRejected):
        pool.identity.answer_challenge(
            EMAIL, question.session, code=code_of_the_app(600), password=None
        )
    tokens = pool.identity.answer_challenge(
        EMAIL, question.session, code=code_of_the_app(), password=None
    )
    assert pool.identity.verify(tokens.access_token).user == with_app


def test_a_wrong_password_is_not_asked_for_a_code(pool: UserPool, with_app: str) -> None:
    with pytest.raises(CredentialsRejected):
        pool.identity.log_in(EMAIL, OTHER)


def test_a_temporary_password_is_changed_for_one_of_their_own(pool: UserPool) -> None:
    pool.cognito.admin_create_user(
        UserPoolId=pool.pool, Username=EMAIL, TemporaryPassword=TEMPORARY
    )
    question = pool.challenge(EMAIL, TEMPORARY)
    assert question.challenge == ChallengeKind.NEW_PASSWORD
    with pytest.raises(Invalid):
        pool.identity.answer_challenge(EMAIL, question.session, code="482913", password=None)
    with pytest.raises(Invalid):
        pool.identity.answer_challenge(EMAIL, question.session, code=None, password="short")
    tokens = pool.identity.answer_challenge(EMAIL, question.session, code=None, password=OTHER)
    assert pool.identity.email_of(tokens.access_token) == EMAIL
    assert pool.identity.log_in(EMAIL, OTHER)
    with pytest.raises(CredentialsRejected):
        pool.identity.log_in(EMAIL, TEMPORARY)


def test_somebody_whom_an_operator_shuts_out_is_rejected(pool: UserPool, user: str) -> None:
    pool.cognito.admin_disable_user(UserPoolId=pool.pool, Username=EMAIL)
    with pytest.raises(CredentialsRejected):
        pool.identity.log_in(EMAIL, PASSWORD)


def test_the_tokens_of_another_client_are_refused(pool: UserPool, user: str) -> None:
    other = pool.cognito.create_user_pool_client(UserPoolId=pool.pool, ClientName="other")
    answer = pool.cognito.initiate_auth(
        ClientId=other["UserPoolClient"]["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    )
    result = answer["AuthenticationResult"]
    for token in (result["AccessToken"], result["IdToken"]):
        with pytest.raises(Unauthenticated):
            pool.identity.verify(token)
