"""The embedded issuer: who somebody is, by email and password, and tokens that say so.

Credentials have tables of their own in the platform's database: they are not the product's data,
never travel through `Table`, and on AWS are Cognito's. The email is the key, so two people who sign
up with one email at the same moment cannot both succeed.
"""

import hashlib
import secrets
import sqlite3
from pathlib import Path

from embedded.database import Database
from embedded.passwords import Passwords
from embedded.refresh_tokens import RefreshTokens
from embedded.signing_keys import SigningKeys
from embedded.token_cache import TokenCache
from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Claims, Tokens
from promptpilot.errors import AlreadyExists, CredentialsRejected, Unauthenticated

ACCESS_SECONDS = 3600
KEY_FILE = "signing-key.pem"
REMEMBERED_TOKENS = 10_000

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
        self._verified = TokenCache(REMEMBERED_TOKENS)

    @property
    def jwks(self) -> dict[str, object]:
        """The public half of the signing keys (RFC 7517)."""
        return self._keys.jwks

    def sign_up(self, user: str, email: str, password: str) -> None:
        """Register credentials for the new user id. Raises `AlreadyExists`, `Invalid` for a weak
        password, `Unavailable` where too many passwords are being hashed.
        """
        if self._credentials(email) is not None:
            raise AlreadyExists(kind="account", id=email)
        hashed = self._passwords.hash(password, email)

        def insert(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO credentials VALUES (?, ?, ?, ?)", (email, user, hashed, epoch_ms())
                )
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(kind="account", id=email) from error

        self._database.write(insert)

    def log_in(self, email: str, password: str) -> Tokens:
        """Tokens for right credentials. Raises `CredentialsRejected`, after as long for an unknown
        email as for a wrong password; `Unavailable` where too many passwords are being checked.
        """
        found = self._credentials(email)
        user, hashed = found or (None, None)
        if not self._passwords.verify(hashed, password) or user is None:
            raise CredentialsRejected
        return self._tokens(user, self._refresh_tokens.begin(user))

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens; the old refresh token is spent. Raises `Unauthenticated` for one that is
        unknown, spent or expired; using a spent one ends every session of its log-in.
        """
        user, successor = self._refresh_tokens.spend(refresh_token)
        return self._tokens(user, successor)

    def verify(self, access_token: str) -> Claims:
        """The claims of a valid access token. Raises `Unauthenticated`."""
        if not access_token.isascii():
            raise Unauthenticated
        digest = hashlib.sha256(access_token.encode()).digest()
        now = epoch_ms() // 1000
        claims = self._verified.get(digest, now)
        if claims is None:
            claims = self._keys.verify(access_token)
            self._verified.put(digest, claims)
        return claims

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
