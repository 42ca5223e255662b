"""Who somebody is."""

from typing import Protocol

from promptpilot.domain.identity import Claims, Registration, Tokens


class Identity(Protocol):
    """Who somebody is; what they may do is not its business.

    Emails come in their normal form, and passwords that the product itself accepts
    (`domain.passwords`). Every method but `verify` raises `Unavailable` when the issuer is out of
    reach or has too much to do.
    """

    def sign_up(self, email: str, password: str) -> Registration:
        """Register credentials and give them a user id. Raises `AlreadyExists` for a known email,
        `Invalid` for an email or a password that the issuer does not take, `SignUpClosed`.
        """
        ...

    def confirm(self, email: str, code: str) -> None:
        """Confirm the account with the code that was sent at its sign-up. Raises `CodeRejected`,
        also for an account that is not there or needs none.
        """
        ...

    def resend_code(self, email: str) -> None:
        """Send that code again. Says nothing of whether there is such an account."""
        ...

    def log_in(self, email: str, password: str) -> Tokens:
        """Tokens for right credentials. Raises `CredentialsRejected`, `LogInIncomplete`."""
        ...

    def answer_challenge(
        self, email: str, session: str, *, code: str | None, password: str | None
    ) -> Tokens:
        """Tokens for the right answer to a challenge of `log_in`: a code, or a new password. Raises
        `CodeRejected`, `Invalid` for a password that the issuer does not take or an answer of the
        other kind, `Unauthenticated` for a session that is over, `ChallengeRequired` again.
        """
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens; the old refresh token is spent. Raises `Unauthenticated` for an unknown,
        spent or expired one.
        """
        ...

    def forgot_password(self, email: str) -> None:
        """Send a code that allows a new password. Says nothing of whether there is such an
        account.
        """
        ...

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Set a new password by that code, and end every session. Raises `CodeRejected`, also for
        an account that is not there, `Invalid` for a password that the issuer does not take.
        """
        ...

    def verify(self, access_token: str) -> Claims:
        """The claims of a valid access token. Raises `Unauthenticated`, `Unavailable` where the
        keys to verify it with cannot be had.
        """
        ...

    def email_of(self, access_token: str) -> str:
        """The email address of whoever has this valid access token. Raises `Unauthenticated`."""
        ...
