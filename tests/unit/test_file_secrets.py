"""Secrets in the platform's database, under a key of its own."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from embedded.database import Database
from embedded.secrets import FileSecrets
from promptpilot.errors import StoreUnavailable

CANARY = "canary-7d1f"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "x.db")
    yield database
    database.close()


def key_file(folder: Path) -> Path:
    return folder / "secrets.key"


def test_the_key_is_made_with_the_first_secret_and_is_its_owners_alone(
    database: Database, tmp_path: Path
) -> None:
    secrets = FileSecrets(database, tmp_path)
    secrets.get("ws_1", "a")
    assert not key_file(tmp_path).exists()
    secrets.put("ws_1", "a", SecretStr("one"))
    assert stat.S_IMODE(key_file(tmp_path).stat().st_mode) == 0o600
    assert len(key_file(tmp_path).read_bytes()) == 32
    assert [each.name for each in tmp_path.iterdir() if "secrets.key" in each.name] == [
        "secrets.key"
    ]


def test_another_start_reads_what_was_written(database: Database, tmp_path: Path) -> None:
    FileSecrets(database, tmp_path).put("ws_1", "a", SecretStr("one"))
    found = FileSecrets(database, tmp_path).get("ws_1", "a")
    assert found == SecretStr("one")


def test_neither_the_value_nor_the_key_is_in_the_database(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    FileSecrets(database, tmp_path).put("ws_1", "a", SecretStr(CANARY))
    database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if "x.db" in path.name)
    assert b"ws_1" in stored
    assert CANARY.encode() not in stored
    assert key_file(tmp_path).read_bytes() not in stored


def test_the_same_value_is_never_stored_as_the_same_bytes(
    database: Database, tmp_path: Path
) -> None:
    secrets = FileSecrets(database, tmp_path)
    for name in ("a", "b"):
        secrets.put("ws_1", name, SecretStr("same"))
    first, second = (row[0] for row in database.rows("SELECT sealed FROM secrets"))
    assert first != second


@pytest.mark.parametrize("there", [("ws_1", "b"), ("ws_2", "a")])
def test_a_value_that_is_moved_to_another_place_does_not_open(
    database: Database, tmp_path: Path, there: tuple[str, str]
) -> None:
    secrets = FileSecrets(database, tmp_path)
    secrets.put("ws_1", "a", SecretStr("one"))
    database.write(lambda rows: rows.execute("UPDATE secrets SET workspace = ?, name = ?", there))
    with pytest.raises(StoreUnavailable, match=r"secrets\.key"):
        secrets.get(*there)


def test_a_value_that_was_changed_does_not_open(database: Database, tmp_path: Path) -> None:
    secrets = FileSecrets(database, tmp_path)
    secrets.put("ws_1", "a", SecretStr("one"))
    for damaged in (bytes(31), b"", b"short"):
        database.write(
            lambda rows, to=damaged: rows.execute("UPDATE secrets SET sealed = ?", (to,))
        )
        with pytest.raises(StoreUnavailable):
            secrets.get("ws_1", "a")


def test_after_the_loss_of_the_key_values_are_lost_until_they_are_set_anew(
    database: Database, tmp_path: Path
) -> None:
    before = FileSecrets(database, tmp_path)
    for name in ("a", "b"):
        before.put("ws_1", name, SecretStr("old"))
    key_file(tmp_path).unlink()
    after = FileSecrets(database, tmp_path)
    with pytest.raises(StoreUnavailable, match="set the secret again"):
        after.get("ws_1", "a")
    assert not key_file(tmp_path).exists()
    after.put("ws_1", "a", SecretStr("new"))
    assert after.get("ws_1", "a") == SecretStr("new")
    for call in (lambda: after.get("ws_1", "b"), lambda: after.create("ws_1", "b", SecretStr("x"))):
        with pytest.raises(StoreUnavailable, match="set the secret again"):
            call()


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_file_that_holds_no_key_is_told_and_not_written_over(
    database: Database, tmp_path: Path, content: bytes
) -> None:
    key_file(tmp_path).write_bytes(content)
    with pytest.raises(StoreUnavailable, match="does not hold a key"):
        FileSecrets(database, tmp_path).put("ws_1", "a", SecretStr("one"))
    assert key_file(tmp_path).read_bytes() == content


def test_a_key_that_cannot_be_written_makes_the_secrets_out_of_reach(
    database: Database, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        FileSecrets(database, tmp_path / "missing").put("ws_1", "a", SecretStr("one"))
