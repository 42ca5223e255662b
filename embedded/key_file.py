"""Random bytes in a file of their own, made on first use, for their owner's eyes alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from promptpilot.errors import StoreUnavailable


def read_key(path: Path, size: int) -> bytes | None:
    """The key in `path`; None where there is no file. Raises `StoreUnavailable` for one that cannot
    be read or holds something else.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreUnavailable(reason=f"{path.name} cannot be read.") from error
    if len(key) != size:
        raise StoreUnavailable(reason=f"{path.name} does not hold a key.")
    return key


def make_key(path: Path, size: int) -> None:
    """Put a new key into `path`, whole and on the disk, unless there is one."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(size))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            path.hardlink_to(new)  # fails where there is one, as a rename would not
        _flush_folder(path.parent)
    except OSError as error:
        raise StoreUnavailable(reason=f"{path.name} cannot be written.") from error
    finally:
        new.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
