"""The SQL of the table of items."""

from functools import cache

from promptpilot.ports.table import Index

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    gsi1pk TEXT,
    gsi1sk TEXT,
    gsi2pk TEXT,
    gsi2sk TEXT,
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    expires_at INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS items_primary ON items (pk, sk);
CREATE INDEX IF NOT EXISTS items_gsi1 ON items (gsi1pk, gsi1sk, pk, sk) WHERE gsi1pk IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_gsi2 ON items (gsi2pk, gsi2sk, pk, sk) WHERE gsi2pk IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_expiry ON items (expires_at)
    WHERE expires_at IS NOT NULL AND kind <> 'outbox';
CREATE INDEX IF NOT EXISTS items_outbox ON items (kind) WHERE kind = 'outbox';
"""
"""Row numbers grow with every item, so those of the outbox tell the order of the commits."""

GET = """
SELECT gsi1pk, gsi1sk, gsi2pk, gsi2sk, kind, revision, expires_at, body
FROM items INDEXED BY items_primary WHERE pk = ? AND sk = ?
"""

REVISION = """
SELECT revision FROM items INDEXED BY items_primary
WHERE pk = ? AND sk = ? AND (expires_at IS NULL OR expires_at > ?)
"""

_INSERT = """
INSERT INTO items (pk, sk, gsi1pk, gsi1sk, gsi2pk, gsi2sk, kind, revision, expires_at, body)
VALUES """
_VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@cache
def insert(count: int) -> str:
    """Adds so many items where none of them is there, not even an expired one; else it fails."""
    return _INSERT + ", ".join([_VALUES] * count)


CREATE = f"""{_INSERT}{_VALUES}
ON CONFLICT (pk, sk) DO UPDATE SET
    gsi1pk = excluded.gsi1pk, gsi1sk = excluded.gsi1sk,
    gsi2pk = excluded.gsi2pk, gsi2sk = excluded.gsi2sk,
    kind = excluded.kind, revision = excluded.revision,
    expires_at = excluded.expires_at, body = excluded.body
WHERE items.expires_at <= ?
"""

PUT = CREATE.removesuffix("WHERE items.expires_at <= ?\n")

REPLACE = """
UPDATE items INDEXED BY items_primary
SET gsi1pk = ?, gsi1sk = ?, gsi2pk = ?, gsi2sk = ?,
    kind = ?, revision = ?, expires_at = ?, body = ?
WHERE pk = ? AND sk = ? AND revision = ? AND (expires_at IS NULL OR expires_at > ?)
"""

REPLACE_BODY = """
UPDATE items INDEXED BY items_primary SET revision = ?, body = ?
WHERE pk = ? AND sk = ? AND revision = ? AND (expires_at IS NULL OR expires_at > ?)
    AND gsi1pk IS ? AND gsi1sk IS ? AND gsi2pk IS ? AND gsi2sk IS ? AND kind = ?
    AND expires_at IS ?
"""

DELETE = "DELETE FROM items INDEXED BY items_primary WHERE pk = ? AND sk = ?"

DELETE_AT_REVISION = """
DELETE FROM items INDEXED BY items_primary
WHERE pk = ? AND sk = ? AND revision = ? AND (expires_at IS NULL OR expires_at > ?)
"""

OUTBOX_ITEMS = """
SELECT pk, sk, gsi1pk, gsi1sk, gsi2pk, gsi2sk, kind, revision, expires_at, body
FROM items INDEXED BY items_outbox WHERE kind = 'outbox' ORDER BY rowid LIMIT ?
"""

DELETE_OUTBOX_ITEMS = """
DELETE FROM items WHERE rowid IN (
    SELECT rowid FROM items INDEXED BY items_outbox WHERE kind = 'outbox' ORDER BY rowid LIMIT ?
)
"""

SWEEP = """
DELETE FROM items WHERE rowid IN (
    SELECT rowid FROM items INDEXED BY items_expiry
    WHERE expires_at <= ? AND kind <> 'outbox' LIMIT ?
)
"""

_QUERY = """
SELECT pk, sk, gsi1pk, gsi1sk, gsi2pk, gsi2sk, kind, revision, expires_at, body
FROM items INDEXED BY items_{index}
WHERE {pk} = ? AND ({sk}, pk, sk) > (?, ?, ?) AND ({sk}, pk, sk) < (?, ?, ?)
    AND (expires_at IS NULL OR expires_at > ?)
ORDER BY {sk} {order}, pk {order}, sk {order} LIMIT ?
"""
_COLUMNS = {
    Index.PRIMARY: ("pk", "sk"),
    Index.GSI1: ("gsi1pk", "gsi1sk"),
    Index.GSI2: ("gsi2pk", "gsi2sk"),
}

QUERY = {
    (index, order == "DESC"): _QUERY.format(index=index, pk=pk, sk=sk, order=order)
    for index, (pk, sk) in _COLUMNS.items()
    for order in ("ASC", "DESC")
}
"""By index and whether descending: the items between two places, both left out."""
