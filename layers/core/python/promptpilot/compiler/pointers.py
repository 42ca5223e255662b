"""JSON pointers (RFC 6901): where in a document something stands."""


def pointer(at: str, *parts: str | int) -> str:
    """The place of a part of what stands at `at`."""
    return at + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def reading_order(at: str) -> tuple[tuple[bool, int, str], ...]:
    """A sort key that keeps list indexes in the order of numbers."""
    return tuple(
        (part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in at.split("/")
    )


def lies_in(at: str, outer: str) -> bool:
    """Whether a place is `outer` or within it."""
    return f"{at}/".startswith(f"{outer}/")
