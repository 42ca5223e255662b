"""Looking for secrets in what a system has written, however they may be spelled there."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, quote_plus


def spellings(canary: str) -> Iterator[bytes]:
    """The canary as it would be found in plain, quoted, in base64 within anything, in hex."""
    plain = canary.encode()
    yield plain
    yield quote(canary, safe="").encode()
    yield quote_plus(canary).encode()
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield canary.encode("utf-16-le")
    yield plain[::-1]
    for before in range(3):
        # Without the characters that what stands before and after has a part in.
        inner = slice((before * 8 + 5) // 6, (before + len(plain)) * 8 // 6)
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + plain)[inner]
    yield sha256(plain).hexdigest().encode()


def found(canaries: Mapping[str, str], places: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Which canary, by its name, is in which place."""
    return {
        (name, place)
        for name, canary in canaries.items()
        for spelling in set(spellings(canary))
        for place, content in places.items()
        if spelling in content
    }


def files(folder: Path) -> dict[str, bytes]:
    """The contents of every file below a folder, and the names of all."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = "\n".join(map(str, paths)).encode()
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths} | {"names": names}
