"""Logging in, and staying logged in."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, SecretStr

from functions.api.documentation import answers
from functions.api.router import Routes
from functions.api.routes import examples
from functions.api.routes.auth_fields import BUSY, TAGS, Code, Email
from promptpilot.domain.base import Model
from promptpilot.domain.identity import ChallengeKind, NewPassword, Tokens
from promptpilot.errors import (
    AccountUnconfirmed,
    ChallengeRequired,
    CodeRejected,
    CredentialsRejected,
    PasswordResetRequired,
    Unauthenticated,
)
from promptpilot.platform import current
from promptpilot.services import accounts

router = Routes()
MAX_TOKEN_LENGTH = 8_192
"""Of a refresh token, or of a log-in's session: a user pool's have some 2,000 characters."""

CHALLENGE = ChallengeRequired(challenge=ChallengeKind.TOTP, session=examples.SESSION)


class LogIn(Model):
    """An email address and its password."""

    email: Email
    password: Annotated[SecretStr, Field(min_length=1, max_length=256)]


class ChallengeAnswer(Model):
    """What a log-in asked for in `challenge`: a `password` where that is `new_password`, otherwise
    a `code`. `session` is the one that came with the question.
    """

    email: Email
    session: Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_LENGTH)]
    code: Code | None = None
    password: NewPassword | None = None


class Refresh(Model):
    """The refresh token of the last log-in or refresh."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=MAX_TOKEN_LENGTH)]


@router.post(
    "/auth/login",
    summary="Log in",
    description="Tokens for an email address and its password. An account that has a second "
    "factor, or a temporary password, is asked for one more answer: see `POST /auth/challenge`.",
    operation_id="log_in",
    tags=TAGS,
    responses=answers(
        200,
        "An access token, and a refresh token that works once.",
        examples.TOKENS,
        refusals=[
            CredentialsRejected(),
            CHALLENGE,
            AccountUnconfirmed(),
            PasswordResetRequired(),
            BUSY,
        ],
    ),
)
def log_in(credentials: Annotated[LogIn, Body(openapi_examples=examples.LOG_IN)]) -> Tokens:
    """Tokens for right credentials."""
    ports = current()
    return accounts.log_in(
        credentials.email, credentials.password, identity=ports.identity, table=ports.table
    )


@router.post(
    "/auth/challenge",
    summary="Answer a challenge",
    description="Tokens for what a log-in asked for with `challenge_required`: a code for `totp`, "
    "`sms` and `email`, a password of your own for `new_password`.",
    operation_id="answer_challenge",
    tags=TAGS,
    responses=answers(
        200,
        "An access token, and a refresh token that works once.",
        examples.TOKENS,
        refusals=[
            Unauthenticated(reason="This log-in is over: begin again."),
            CHALLENGE,
            CodeRejected(),
            BUSY,
        ],
    ),
)
def answer_challenge(
    answer: Annotated[ChallengeAnswer, Body(openapi_examples=examples.CHALLENGE)],
) -> Tokens:
    """Tokens for the right answer."""
    ports = current()
    return accounts.answer_challenge(
        answer.email,
        answer.session,
        code=answer.code,
        password=answer.password,
        identity=ports.identity,
        table=ports.table,
    )


@router.post(
    "/auth/refresh",
    summary="Refresh",
    description="New tokens for a refresh token, which is spent: keep the new one. Using a spent "
    "one again may end every session that came from the same log-in.",
    operation_id="refresh",
    tags=TAGS,
    responses=answers(
        200,
        "A new access token and a new refresh token.",
        examples.TOKENS,
        refusals=[Unauthenticated(reason="The refresh token is not valid.")],
    ),
)
def refresh(spent: Annotated[Refresh, Body(openapi_examples=examples.REFRESH)]) -> Tokens:
    """New tokens for old."""
    return current().identity.refresh(spent.refresh_token.get_secret_value())
