"""The `Secrets` of the embedded platform: encrypted in the platform's database, under a key that is
kept beside it.

The key is in `secrets.key` in the data folder, not in the database, so a copy of the database alone
gives nothing away: keep backups of the two apart. Whoever loses the key loses every value, since
nothing else opens them; the rest of the data is not touched. Then remove the file, start again, and
set the values anew: a new key is made with the first of them.
"""

import os
import sqlite3
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from embedded.database import Database
from embedded.key_file import make_key, read_key
from promptpilot.errors import StoreUnavailable
from promptpilot.secret_names import require_secret_name, require_secret_value

KEY_FILE = "secrets.key"
KEY_BYTES = 32
NONCE_BYTES = 12

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;
"""
_PUT = "INSERT OR REPLACE INTO secrets (workspace, name, sealed) VALUES (?, ?, ?)"
_CREATE = "INSERT OR IGNORE INTO secrets (workspace, name, sealed) VALUES (?, ?, ?)"
_GET = "SELECT sealed FROM secrets WHERE workspace = ? AND name = ?"
_DELETE = "DELETE FROM secrets WHERE workspace = ? AND name = ?"


class FileSecrets:
    """`Secrets` of one data folder: AES-256-GCM, each value bound to its workspace and name."""

    def __init__(self, database: Database, folder: Path) -> None:
        database.execute_script(_SCHEMA)
        self._database = database
        self._key_file = folder / KEY_FILE
        self._cipher: AESGCM | None = None

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        """See `Secrets.put`."""
        row = self._sealed_row(workspace, name, value)
        self._database.write(lambda connection: _execute(connection, _PUT, row))

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        """See `Secrets.create`."""
        row = self._sealed_row(workspace, name, value)

        def change(connection: sqlite3.Connection) -> bytes:
            _execute(connection, _CREATE, row)
            found: bytes = connection.execute(_GET, row[:2]).fetchone()[0]
            return found

        return self._open(workspace, name, self._database.write(change))

    def get(self, workspace: str, name: str, *, fresh: bool = False) -> SecretStr | None:
        """See `Secrets.get`. Raises `StoreUnavailable` where the key does not open the value."""
        require_secret_name(workspace, name)
        rows = self._database.rows(_GET, (workspace, name))
        return self._open(workspace, name, rows[0][0]) if rows else None

    def delete(self, workspace: str, name: str) -> None:
        """See `Secrets.delete`."""
        require_secret_name(workspace, name)
        self._database.write(lambda connection: _execute(connection, _DELETE, (workspace, name)))

    def _sealed_row(self, workspace: str, name: str, value: SecretStr) -> tuple[str, str, bytes]:
        require_secret_name(workspace, name)
        plain = require_secret_value(value)
        if self._key() is None:
            make_key(self._key_file, KEY_BYTES)
        cipher = self._key()
        if cipher is None:
            raise StoreUnavailable(reason=f"{KEY_FILE} was removed while it was made.")
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, plain.encode(), _place(workspace, name))
        return workspace, name, sealed

    def _open(self, workspace: str, name: str, sealed: bytes) -> SecretStr:
        cipher = self._key()
        if cipher is None:
            raise _not_opened(name)
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            plain = cipher.decrypt(nonce, text, _place(workspace, name))
        except (InvalidTag, ValueError) as error:  # another key or place; damaged or cut off
            raise _not_opened(name) from error
        return SecretStr(plain.decode())

    def _key(self) -> AESGCM | None:
        if self._cipher is None:
            key = read_key(self._key_file, KEY_BYTES)
            self._cipher = None if key is None else AESGCM(key)
        return self._cipher


def _not_opened(name: str) -> StoreUnavailable:
    return StoreUnavailable(
        reason=f"The secret {name!r} does not open with {KEY_FILE}: bring that key back, or set the"
        " secret again."
    )


def _place(workspace: str, name: str) -> bytes:
    """What a value is bound to; neither part can hold a zero byte."""
    return f"{workspace}\0{name}".encode()


def _execute(
    connection: sqlite3.Connection, statement: str, parameters: tuple[str | bytes, ...]
) -> None:
    connection.execute(statement, parameters)
