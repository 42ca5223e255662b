"""Reading an answer's body, decompressed, up to a limit."""

import zlib
from collections.abc import AsyncIterator, Callable

from promptpilot.step_errors import ActionError, ActionUnavailable

MAX_ANSWER_BYTES = 1024 * 1024
_GZIP_OR_ZLIB = 47
"""zlib's `wbits`: whichever of the two the data begins with."""

Decode = Callable[[bytes, int], bytes]
"""The next part of a body, decoded; over the given size it may stop anywhere."""


async def read_body(chunks: AsyncIterator[bytes], coding: str) -> bytes:
    """The whole body. `coding` is the answer's `Content-Encoding`.

    Raises `ActionError` for one over `MAX_ANSWER_BYTES`, before or after decoding: no more than
    that is ever in memory, however well it was compressed.
    """
    decode = _decoder(coding)
    parts: list[bytes] = []
    came, size = 0, 0
    async for chunk in chunks:
        came += len(chunk)
        part = decode(chunk, MAX_ANSWER_BYTES - size + 1)
        size += len(part)
        if max(came, size) > MAX_ANSWER_BYTES:
            raise ActionError(reason=f"The answer is larger than {MAX_ANSWER_BYTES} bytes.")
        parts.append(part)
    return b"".join(parts)


def _decoder(coding: str) -> Decode:
    match coding.strip().lower():
        case "" | "identity":
            return lambda data, _: data
        case "gzip" | "x-gzip" | "deflate":
            return _inflater()
        case _:
            raise ActionUnavailable(reason="The answer is compressed in a way not asked for.")


def _inflater() -> Decode:
    state = zlib.decompressobj(_GZIP_OR_ZLIB)

    def inflate(data: bytes, limit: int) -> bytes:
        try:
            return state.decompress(data, limit)
        except zlib.error as error:
            raise ActionUnavailable(reason="The answer cannot be decompressed.") from error

    return inflate
