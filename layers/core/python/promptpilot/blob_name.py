"""How a blob is called, the same on every store: `{workspace}/{digest}`."""

import hashlib
import re

from promptpilot.errors import Invalid, StoreUnavailable

_WORKSPACE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest_of_bytes(data: bytes) -> str:
    """The SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def require_blob_name(workspace: str, digest: str) -> None:
    """Refuse what could lead out of a workspace's own folder, as `Invalid`."""
    if not _WORKSPACE.fullmatch(workspace):
        raise Invalid(f"{workspace!r} is not a workspace id.")
    if not _DIGEST.fullmatch(digest):
        raise Invalid(f"{digest!r} is not a digest.")


def require_intact(data: bytes, digest: str) -> bytes:
    """The `data`, if it is what was stored. Raises `StoreUnavailable` for anything else."""
    if digest_of_bytes(data) != digest:
        raise StoreUnavailable(f"The stored value {digest} is damaged.")
    return data
