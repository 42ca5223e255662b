"""Refresh tokens: random, kept as digests, each good for one use.

The tokens that follow each other from one log-in are a family. A spent one that comes back has been
stolen, from the client or by it, so the whole family ends (RFC 9700, section 4.14.2).
"""

import hashlib
import secrets
import sqlite3

from embedded.database import Database
from promptpilot.clock import epoch_ms
from promptpilot.errors import Unauthenticated

LIFETIME_SECONDS = 30 * 24 * 3600
SWEPT_AT_ONCE = 20
"""Each new token removes so many expired ones, so they never pile up."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS refresh_tokens (
  digest BLOB PRIMARY KEY,
  family BLOB NOT NULL,
  user TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  spent INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX IF NOT EXISTS refresh_tokens_expiry ON refresh_tokens (expires_at);
"""


class RefreshTokens:
    """The refresh tokens of a database."""

    def __init__(self, database: Database) -> None:
        database.execute_script(_SCHEMA)
        self._database = database

    def begin(self, user: str) -> str:
        """The first token of a new family."""
        token, family = _new_token(), secrets.token_bytes(16)
        self._database.write(lambda connection: _insert(connection, token, family, user))
        return token

    def spend(self, token: str) -> tuple[str, str]:
        """The user whose token it is, and its successor. Raises `Unauthenticated`."""
        successor = _new_token()
        digest = _digest(token)

        # Its exception would undo the change, so a refusal is returned as None.
        def change(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT family, user, expires_at, spent FROM refresh_tokens WHERE digest = ?",
                (digest,),
            ).fetchone()
            if row is None:
                return None
            family, user, expires_at, spent = row
            if spent:
                connection.execute("DELETE FROM refresh_tokens WHERE family = ?", (family,))
                return None
            if expires_at <= _now():
                return None
            connection.execute("UPDATE refresh_tokens SET spent = 1 WHERE digest = ?", (digest,))
            _insert(connection, successor, family, user)
            return str(user)

        user = self._database.write(change)
        if user is None:
            raise Unauthenticated(reason="The refresh token is not valid.")
        return user, successor


def _insert(connection: sqlite3.Connection, token: str, family: bytes, user: str) -> None:
    now = _now()
    connection.execute(
        "DELETE FROM refresh_tokens WHERE digest IN"
        " (SELECT digest FROM refresh_tokens WHERE expires_at <= ? LIMIT ?)",
        (now, SWEPT_AT_ONCE),
    )
    connection.execute(
        "INSERT INTO refresh_tokens (digest, family, user, expires_at) VALUES (?, ?, ?, ?)",
        (_digest(token), family, user, now + LIFETIME_SECONDS),
    )


def _new_token() -> str:
    return f"rt_{secrets.token_urlsafe(32)}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _now() -> int:
    return epoch_ms() // 1000
