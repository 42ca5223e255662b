"""Signing up, logging in, and staying logged in."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, SecretStr

from functions.api.documentation import answers
from functions.api.router import Routes
from functions.api.routes import examples
from promptpilot.domain.base import Model
from promptpilot.domain.identity import SignUp, Tokens
from promptpilot.errors import AlreadyExists, CredentialsRejected, Unauthenticated, Unavailable
from promptpilot.platform import current
from promptpilot.services import accounts
from promptpilot.services.accounts import Account

router = Routes()
TAGS = ["auth"]
BUSY = Unavailable(reason="Too many people are logging in at this moment.")


class LogIn(Model):
    """An email address and its password."""

    email: Annotated[str, Field(min_length=1, max_length=320)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=256)]


class Refresh(Model):
    """The refresh token of the last log-in or refresh."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=512)]


@router.post(
    "/auth/signup",
    summary="Sign up",
    description="Make a user, with a personal workspace.",
    operation_id="sign_up",
    tags=TAGS,
    status_code=201,
    responses=answers(
        201,
        "The user and their personal workspace.",
        examples.ACCOUNT,
        refusals=[AlreadyExists(kind="account", id="ada@example.com"), BUSY],
    ),
)
def sign_up(draft: Annotated[SignUp, Body(openapi_examples=examples.SIGN_UP)]) -> Account:
    """A user with a personal workspace."""
    ports = current()
    return accounts.sign_up(draft, identity=ports.identity, table=ports.table)


@router.post(
    "/auth/login",
    summary="Log in",
    description="Tokens for an email address and its password.",
    operation_id="log_in",
    tags=TAGS,
    responses=answers(
        200,
        "An access token, and a refresh token that works once.",
        examples.TOKENS,
        refusals=[CredentialsRejected(), BUSY],
    ),
)
def log_in(credentials: Annotated[LogIn, Body(openapi_examples=examples.LOG_IN)]) -> Tokens:
    """Tokens for right credentials."""
    ports = current()
    return accounts.log_in(
        credentials.email, credentials.password, identity=ports.identity, table=ports.table
    )


@router.post(
    "/auth/refresh",
    summary="Refresh",
    description="New tokens for a refresh token, which is spent. Using a spent one again ends "
    "every session that came from the same log-in.",
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
