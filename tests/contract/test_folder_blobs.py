"""What a disk can do to blobs."""

import hashlib
from pathlib import Path

import pytest

from embedded.blobs import FolderBlobs
from promptpilot.errors import StoreUnavailable

DATA = b"data" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def file_of(tmp_path: Path) -> Path:
    return tmp_path / "blobs" / "ws_1" / DIGEST[:2] / DIGEST


@pytest.mark.parametrize("damaged", [b"", DATA[:-1], DATA + b"x", b"x" + DATA[1:]])
def test_a_damaged_file_is_an_error_and_not_garbage(
    blobs: FolderBlobs, tmp_path: Path, damaged: bytes
) -> None:
    blobs.put("ws_1", DATA)
    file_of(tmp_path).write_bytes(damaged)
    with pytest.raises(StoreUnavailable, match="damaged"):
        blobs.get("ws_1", DIGEST)


def test_a_damaged_file_is_mended_by_storing_the_value_again(
    blobs: FolderBlobs, tmp_path: Path
) -> None:
    blobs.put("ws_1", DATA)
    file_of(tmp_path).write_bytes(b"x" + DATA[1:])
    blobs.put("ws_1", DATA)
    assert blobs.get("ws_1", DIGEST) == DATA


def test_the_same_value_is_written_once(blobs: FolderBlobs, tmp_path: Path) -> None:
    blobs.put("ws_1", DATA)
    first = file_of(tmp_path).stat()
    blobs.put("ws_1", DATA)
    again = file_of(tmp_path).stat()
    assert (first.st_ino, first.st_mtime_ns) == (again.st_ino, again.st_mtime_ns)


def test_a_value_survives_its_store(blobs: FolderBlobs, tmp_path: Path) -> None:
    blobs.put("ws_1", DATA)
    assert FolderBlobs(tmp_path / "blobs").get("ws_1", DIGEST) == DATA


def test_what_a_crash_left_half_written_is_removed(blobs: FolderBlobs, tmp_path: Path) -> None:
    half = tmp_path / "blobs" / ".incoming" / "half"
    half.write_bytes(DATA[:100])
    FolderBlobs(tmp_path / "blobs")
    assert not half.exists()


def test_a_folder_that_cannot_be_made_stores_nothing(blobs: FolderBlobs, tmp_path: Path) -> None:
    (tmp_path / "blobs" / "ws_1").symlink_to("a disk that is not there")
    with pytest.raises(StoreUnavailable):
        blobs.put("ws_1", DATA)
    assert list((tmp_path / "blobs" / ".incoming").iterdir()) == []


def test_a_value_that_cannot_be_read_is_out_of_reach(blobs: FolderBlobs, tmp_path: Path) -> None:
    (tmp_path / "blobs" / "ws_1").write_text("a file where a folder has to be")
    for call in (blobs.get, blobs.delete):
        with pytest.raises(StoreUnavailable):
            call("ws_1", DIGEST)
    with pytest.raises(StoreUnavailable):
        blobs.put("ws_1", DATA)


def test_files_are_for_their_owner_alone(blobs: FolderBlobs, tmp_path: Path) -> None:
    blobs.put("ws_1", DATA)
    assert file_of(tmp_path).stat().st_mode & 0o077 == 0
