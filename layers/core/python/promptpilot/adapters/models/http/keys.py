"""Who calls, for vendors that know a caller by a key."""

from collections.abc import Awaitable, Callable, Mapping

from pydantic import SecretStr

from promptpilot.adapters.models.http.wire import Authorize, Call
from promptpilot.step_errors import ModelAuthFailed

KeySource = Callable[[], Awaitable[SecretStr]]
"""Gives the key of a call, empty where there is none. Raises a `ModelError`."""


def bearer(key: SecretStr | KeySource) -> Authorize:
    """The key, or what its source gives at each call, as a bearer token, if not empty."""
    return key_header(key, "Authorization", "Bearer ")


def key_header(key: SecretStr | KeySource, header: str, prefix: str = "") -> Authorize:
    """The key in a header of that name, after `prefix`."""

    async def authorize(url: str, call: Call) -> Mapping[str, str]:
        plain = (key if isinstance(key, SecretStr) else await key()).get_secret_value()
        if not (plain.isascii() and plain.isprintable()):
            raise ModelAuthFailed(reason="The configured key has characters no key can have.")
        return {header: f"{prefix}{plain}"} if plain else {}

    return authorize
