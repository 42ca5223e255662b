"""The embedded issuer: who somebody is, by email and password, and tokens that say so.

Credentials have tables of their own in the platform's database: they are not the product's data,
never travel through `Table`, and on AWS are Cognito's. The email is the key, so two people who sign
up with one email at the same moment cannot both succeed.

No mail leaves this platform, so an account needs no confirmation, no code is ever sent, and none is
right. Nor is there a second factor.
"""

import secrets
import sqlite3
from pathlib import Path

from embedded.database import Database
from embedded.passwords import Passwords
from embedded.refresh_tokens import RefreshTokens
from embedded.signing_keys import SigningKeys
from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Claims, Registration, Tokens
from promptpilot.domain.ids import new_id
from promptpilot.errors import AlreadyExists, CodeRejected, CredentialsRejected, Unauthenticated
from promptpilot.verified_tokens import VerifiedTokens

ACCESS_SECONDS = 3600
KEY_FILE = "signing-key.pem"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS credentials (
  email TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  password TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


class LocalIdentity:
    """An `Identity` of one data folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        database.execute_script(_SCHEMA)
        self._database = database
        self._passwords = Passwords()
        self._refresh_tokens = RefreshTokens(database)
        self._keys = SigningKeys.load(folder / KEY_FILE)
        self._verified = VerifiedTokens(self._keys.verify)

    @property
    def jwks(self) -> dict[str, object]:
        """The public half of the signing keys (RFC 7517)."""
        return self._keys.jwks

    def sign_up(self, email: str, password: str) -> Registration:
        """Register credentials for a new user id. Raises `AlreadyExists`, `Unavailable` where too
        many passwords are being hashed.
        """
        if self._credentials(email) is not None:
            raise AlreadyExists(kind="account", id=email)
        user, hashed = new_id("user"), self._passwords.hash(password)

        def insert(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO credentials VALUES (?, ?, ?, ?)", (email, user, hashed, epoch_ms())
                )
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(kind="account", id=email) from error

        self._database.write(insert)
        return Registration(user=user, needs_confirmation=False)

    def confirm(self, email: str, code: str) -> None:
        """Raise `CodeRejected`: nobody was sent one."""
        raise CodeRejected

    def resend_code(self, email: str) -> None:
        """Do nothing: there is no code to send."""

    def log_in(self, email: str, password: str) -> Tokens:
        """Tokens for right credentials. Raises `CredentialsRejected`, after as long for an unknown
        email as for a wrong password; `Unavailable` where too many passwords are being checked.
        """
        found = self._credentials(email)
        user, hashed = found or (None, None)
        if not self._passwords.verify(hashed, password) or user is None:
            raise CredentialsRejected
        return self._tokens(user, self._refresh_tokens.begin(user))

    def answer_challenge(
        self, email: str, session: str, *, code: str | None, password: str | None
    ) -> Tokens:
        """Raise `Unauthenticated`: no log-in here is ever challenged."""
        raise Unauthenticated(reason="This log-in is over: begin again.")

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens; the old refresh token is spent. Raises `Unauthenticated` for one that is
        unknown, spent or expired; using a spent one ends every session of its log-in.
        """
        user, successor = self._refresh_tokens.spend(refresh_token)
        return self._tokens(user, successor)

    def forgot_password(self, email: str) -> None:
        """Do nothing: there is no way to send a code."""

    def reset_password(self, email: str, code: str, password: str) -> None:
        """Raise `CodeRejected`: nobody was sent one."""
        raise CodeRejected

    def verify(self, access_token: str) -> Claims:
        """The claims of a valid access token. Raises `Unauthenticated`."""
        return self._verified.claims(access_token)

    def email_of(self, access_token: str) -> str:
        """The email address of whose valid access token it is. Raises `Unauthenticated`."""
        user = self.verify(access_token).user
        rows = self._database.rows("SELECT email FROM credentials WHERE user = ?", (user,))
        if not rows:
            raise Unauthenticated
        return str(rows[0][0])

    def _credentials(self, email: str) -> tuple[str, str] | None:
        rows = self._database.rows(
            "SELECT user, password FROM credentials WHERE email = ?", (email,)
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def _tokens(self, user: str, refresh_token: str) -> Tokens:
        return Tokens(
            access_token=self._keys.sign(user, ACCESS_SECONDS, secrets.token_urlsafe(9)),
            refresh_token=refresh_token,
            expires_in=ACCESS_SECONDS,
        )
