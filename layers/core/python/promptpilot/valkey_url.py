"""Where a Valkey (or Redis) server is, as an operator tells it."""

from urllib.parse import unquote, urlsplit

SCHEMES = ("valkey", "valkeys", "redis", "rediss")


def require_valkey_url(url: str) -> str:
    """The same URL. Raises `ValueError` for one that leads to no server; what is told of it holds
    nothing that was given, since that may be a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"begins with one of {', '.join(f'{each}://' for each in SCHEMES)}")
    if not parts.hostname or port == 0:
        raise ValueError("names no host, or a port that cannot be")
    if parts.query or parts.fragment:
        raise ValueError("ends with its database's number, without a query or fragment")
    if unquote(parts.path).strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError("ends with the number of a database, or with none")
    return url


def is_encrypted(url: str) -> bool:
    """Whether the connection is to be by TLS."""
    return urlsplit(url).scheme in {"valkeys", "rediss"}
