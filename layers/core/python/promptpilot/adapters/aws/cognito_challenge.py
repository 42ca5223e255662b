"""What a user pool may ask after a right password, and how its answer is sent.

A client carries one text from the question to the answer. For the pool it is three: which question
it was, the session, and the user's own name, in whose place they gave their email.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptpilot.domain.identity import ChallengeKind
from promptpilot.errors import ChallengeRequired, Invalid, Unauthenticated

SEPARATOR = "|"
"""In none of the pool's sessions."""

SHORTEST_SESSION = 20
"""What is shorter is no session of a pool, says its API."""


@dataclass(frozen=True, slots=True)
class Question:
    """A pool's challenge: its name, and the field that holds the answer."""

    name: str
    field: str


QUESTIONS: Mapping[ChallengeKind, Question] = {
    ChallengeKind.TOTP: Question("SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE"),
    ChallengeKind.SMS: Question("SMS_MFA", "SMS_MFA_CODE"),
    ChallengeKind.EMAIL: Question("EMAIL_OTP", "EMAIL_OTP_CODE"),
    ChallengeKind.NEW_PASSWORD: Question("NEW_PASSWORD_REQUIRED", "NEW_PASSWORD"),
}
_KINDS = {question.name: kind for kind, question in QUESTIONS.items()}


def session_over() -> Unauthenticated:
    """The error for a session that has ended, or that we did not give out."""
    return Unauthenticated(reason="This log-in is over: begin again.")


def asked(answer: Mapping[str, Any], email: str) -> ChallengeRequired | Invalid:
    """The error that carries a pool's question to the client."""
    name = answer.get("ChallengeName")
    if name not in _KINDS:
        return Invalid(reason=f"This log-in asks for {name}, which cannot be answered here.")
    user = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", email)
    kind = _KINDS[name]
    session = SEPARATOR.join((kind, answer["Session"], user))
    return ChallengeRequired(challenge=kind, session=session)


def answered(session: str, *, code: str | None, password: str | None) -> dict[str, Any]:
    """The parameters of `RespondToAuthChallenge`. Raises `Unauthenticated` for a session that we
    did not give out, `Invalid` for an answer of the other kind.
    """
    kind, _, rest = session.partition(SEPARATOR)
    pool_session, _, user = rest.partition(SEPARATOR)
    question = QUESTIONS.get(ChallengeKind(kind)) if kind in set(ChallengeKind) else None
    if question is None or len(pool_session) < SHORTEST_SESSION or not user:
        raise session_over()
    answer = password if kind == ChallengeKind.NEW_PASSWORD else code
    if answer is None:
        raise Invalid(reason=f"The answer that is needed is a {kind.replace('_', ' ')}.")
    return {
        "ChallengeName": question.name,
        "Session": pool_session,
        "ChallengeResponses": {"USERNAME": user, question.field: answer},
    }
