"""Making an account, and getting back into one."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.documentation import answers
from functions.api.router import Routes
from functions.api.routes import examples
from functions.api.routes.auth_fields import BUSY, TAGS, Code, Email
from promptpilot.domain.base import Model
from promptpilot.domain.identity import NewPassword, SignUp
from promptpilot.errors import AccountUnconfirmed, AlreadyExists, CodeRejected, SignUpClosed
from promptpilot.platform import current
from promptpilot.services import accounts
from promptpilot.services.accounts import NewAccount

router = Routes()


class Confirmation(Model):
    """An email address, and the code that was sent to it."""

    email: Email
    code: Code


class Address(Model):
    """An email address."""

    email: Email


class PasswordReset(Model):
    """An email address, the code that was sent to it, and a new password."""

    email: Email
    code: Code
    password: NewPassword


class Notice(Model):
    """What was done or will be, in a sentence that tells nobody whether there is an account."""

    detail: str


CONFIRMED = Notice(detail="The account is confirmed: log in.")
RESENT = Notice(detail="If the account waits for its confirmation, a code is on its way.")
SENT = Notice(detail="If the password can be reset by mail, a code is on its way.")
RESET = Notice(detail="The password is changed: log in.")


@router.post(
    "/auth/signup",
    summary="Sign up",
    description="Make a user, with a personal workspace. Where `needs_confirmation` is true, a "
    "code was sent by mail: give it to `POST /auth/confirm`, and log in.",
    operation_id="sign_up",
    tags=TAGS,
    status_code=201,
    responses=answers(
        201,
        "The user and their personal workspace.",
        examples.ACCOUNT,
        refusals=[
            AlreadyExists(kind="account", id="ada@example.com"),
            AccountUnconfirmed(),
            SignUpClosed(),
            BUSY,
        ],
    ),
)
def sign_up(draft: Annotated[SignUp, Body(openapi_examples=examples.SIGN_UP)]) -> NewAccount:
    """A user with a personal workspace."""
    ports = current()
    return accounts.sign_up(draft, identity=ports.identity, table=ports.table)


@router.post(
    "/auth/confirm",
    summary="Confirm an account",
    description="Give back the code that was sent by mail at the sign-up.",
    operation_id="confirm",
    tags=TAGS,
    responses=answers(
        200,
        "The account may log in.",
        CONFIRMED.model_dump(),
        refusals=[CodeRejected(), BUSY],
    ),
)
def confirm(given: Annotated[Confirmation, Body(openapi_examples=examples.CONFIRM)]) -> Notice:
    """The account may log in."""
    accounts.confirm(given.email, given.code, identity=current().identity)
    return CONFIRMED


@router.post(
    "/auth/resend",
    summary="Send the confirmation code again",
    description="The answer is the same whether there is such an account or not.",
    operation_id="resend_code",
    tags=TAGS,
    status_code=202,
    responses=answers(202, "It will be done.", RESENT.model_dump(), refusals=[BUSY]),
)
def resend(to: Annotated[Address, Body(openapi_examples=examples.EMAIL)]) -> Notice:
    """A new code for who waits for one."""
    accounts.resend_code(to.email, identity=current().identity)
    return RESENT


@router.post(
    "/auth/forgot",
    summary="Forgot the password",
    description="Send a code that allows a new password. The answer is the same whether there is "
    "such an account or not.",
    operation_id="forgot_password",
    tags=TAGS,
    status_code=202,
    responses=answers(202, "It will be done.", SENT.model_dump(), refusals=[BUSY]),
)
def forgot(to: Annotated[Address, Body(openapi_examples=examples.EMAIL)]) -> Notice:
    """A code for who has an account."""
    accounts.forgot_password(to.email, identity=current().identity)
    return SENT


@router.post(
    "/auth/reset",
    summary="Reset the password",
    description="Set a new password by the code that `POST /auth/forgot` sent. Every session ends.",
    operation_id="reset_password",
    tags=TAGS,
    responses=answers(
        200,
        "The new password is the only one.",
        RESET.model_dump(),
        refusals=[CodeRejected(), BUSY],
    ),
)
def reset(chosen: Annotated[PasswordReset, Body(openapi_examples=examples.RESET)]) -> Notice:
    """A new password."""
    accounts.reset_password(chosen.email, chosen.code, chosen.password, identity=current().identity)
    return RESET
