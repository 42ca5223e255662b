"""The store of large values."""

from typing import Protocol


class Blobs(Protocol):
    """Values of up to 5 GiB by workspace and content digest."""

    def put(self, workspace: str, data: bytes) -> str:
        """Store `data`; returns its digest, the SHA-256 in hex. Storing the same twice stores it
        once.
        """
        ...

    def get(self, workspace: str, digest: str) -> bytes:
        """The value of that digest. Raises `NotFound`, also when it belongs to another workspace
        only.
        """
        ...

    def delete(self, workspace: str, digest: str) -> None:
        """Remove the value; nothing there is fine."""
        ...
