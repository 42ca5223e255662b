"""The `Blobs` of the embedded platform, in a folder."""

import os
import tempfile
from pathlib import Path

from promptpilot.blob_name import digest_of_bytes, require_blob_name, require_intact
from promptpilot.errors import NotFound, StoreUnavailable

_INCOMING = ".incoming"
"""No workspace is called like this."""


class FolderBlobs:
    """A `Blobs` in a folder: `{workspace}/{first two digits of the digest}/{digest}`.

    What is there under its name is whole and on the disk. One process at a time: the lock of the
    data folder's `Database` sees to that. Every method raises `StoreUnavailable`
    when the disk is full or fails.
    """

    def __init__(self, path: Path) -> None:
        """Make the folder, and remove what a crash left behind in it half-written."""
        self._path = path
        self._incoming = path / _INCOMING
        self._flushed: set[Path] = set()
        self._incoming.mkdir(parents=True, exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink()

    def put(self, workspace: str, data: bytes) -> str:
        """See `Blobs.put`. A stored value that is damaged is stored anew."""
        digest = digest_of_bytes(data)
        place = self._place(workspace, digest)
        try:
            if not _holds(place, data):
                self._store(place, data)
        except OSError as error:
            raise StoreUnavailable from error
        return digest

    def get(self, workspace: str, digest: str) -> bytes:
        """See `Blobs.get`."""
        try:
            data = self._place(workspace, digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("blob", digest) from error
        except OSError as error:
            raise StoreUnavailable from error
        return require_intact(data, digest)

    def delete(self, workspace: str, digest: str) -> None:
        """See `Blobs.delete`."""
        try:
            self._place(workspace, digest).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable from error

    def _place(self, workspace: str, digest: str) -> Path:
        require_blob_name(workspace, digest)
        return self._path / workspace / digest[:2] / digest

    def _store(self, place: Path, data: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._incoming)
        incoming = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            self._make_folder(place.parent)
            incoming.replace(place)
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise
        _flush_folder(place.parent)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder whose name is on the disk when this returns, in whichever thread."""
        if folder == self._path or folder in self._flushed:
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush_folder(folder.parent)
        self._flushed.add(folder)


def _holds(place: Path, data: bytes) -> bool:
    try:
        return place.read_bytes() == data
    except FileNotFoundError:
        return False


def _flush_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, as `fsync` of a file does not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
