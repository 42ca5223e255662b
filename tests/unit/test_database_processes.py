"""The database and the processes that open it, one after the other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from embedded.database import Database
from tests.unit.notebook import adding, notebook, notes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with notebook(path) as database:
        yield database


CHILD = """
    import sys
    from pathlib import Path
    from embedded.database import Database
    from promptpilot.errors import StoreUnavailable
"""


def child(code: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", dedent(CHILD) + dedent(code), str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/core/python")])},
    )


def test_a_second_process_is_refused_by_name_of_the_first(database: Database, path: Path) -> None:
    code = """
        try:
            Database(Path(sys.argv[1]))
        except StoreUnavailable as error:
            print(error)
    """
    with child(code, path) as process:
        said, _ = process.communicate(timeout=30)
    assert str(path.parent) in said
    assert f"in use by another process (id {os.getpid()})" in said
    database.write(adding("undisturbed"))


@pytest.mark.parametrize("durable", [True, False])
def test_what_was_acknowledged_survives_a_kill(path: Path, durable: bool) -> None:
    code = f"durable = {durable}\n" + dedent("""
        import threading

        database = Database(Path(sys.argv[1]))
        database.execute_script("CREATE TABLE notes (text TEXT PRIMARY KEY);")

        def work(number):
            for count in range(1_000_000):
                text = f"{number}/{count}"
                insert = lambda c: c.execute("INSERT INTO notes VALUES (?)", (text,))
                database.write(insert, durable=durable)
                sys.stdout.write(text + "\\n")
                sys.stdout.flush()

        for number in range(4):
            threading.Thread(target=work, args=(number,)).start()
    """)
    with child(code, path) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(400)]
        process.kill()
        acknowledged += process.stdout.read().split("\n")[:-1]  # the last line may be cut off
    with closing(Database(path)) as database:
        kept = set(notes(database))
        assert set(acknowledged) <= kept
        assert len(kept) <= len(acknowledged) + 2 * 4  # at most what was not yet told
        database.write(adding("after"))
        assert database.rows("PRAGMA integrity_check") == [("ok",)]
