"""Who calls Amazon Bedrock: a role or a user of AWS, by Signature Version 4, or a Bedrock API key.

Importing this module costs nothing: botocore (a quarter of a second) is imported with the first
call, in a thread. It signs and finds credentials, and needs no description of a service for it.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import SecretStr

from promptpilot.adapters.models.http.keys import KeySource, bearer
from promptpilot.adapters.models.http.wire import Authorize, Call
from promptpilot.step_errors import ModelAuthFailed, ModelError, ModelUnavailable

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

SERVICE = "bedrock"
_SIGNED = ("Content-Type",)
"""Of a call's headers those that botocore signs as well; a proxy may change the others."""

_READS_ANSWERS = "botocore.eventstream"
"""Imported here, where there is a thread for it, so that no answer has to wait for that."""

_LARGE_BYTES = 1_000_000
"""What takes longer than a millisecond to be signed."""

NOTHING_FOUND_SECONDS = 10.0
"""How long nobody looks again after nothing was found, which takes seconds on most machines."""

CredentialSource = Callable[[], "Credentials | None"]
"""Finds credentials, which may renew themselves; None where there are none. May take its time."""


def default_credentials() -> "Credentials | None":
    """Those that every tool of AWS finds here: in the environment, in its files, or those of the
    role of the function, the container or the machine.
    """
    from botocore.session import Session  # noqa: PLC0415 - takes a moment

    return Session().get_credentials()


def sigv4(credentials: CredentialSource, region: str) -> Authorize:
    """Signs for Bedrock in `region`. Credentials are looked for with the first call, kept, and
    renewed before they expire, all off the event loop.

    It raises `ModelAuthFailed` where there are none, or AWS refuses them; `ModelUnavailable` where
    they cannot be had now.
    """
    found = _Found(credentials)

    async def authorize(url: str, call: Call) -> Mapping[str, str]:
        credentials = await found.frozen()
        if len(call.body) > _LARGE_BYTES:
            return await asyncio.to_thread(_signed, credentials, region, url, call)
        return _signed(credentials, region, url, call)

    return authorize


def api_key(key: SecretStr | KeySource) -> Authorize:
    """A Bedrock API key (what AWS_BEARER_TOKEN_BEDROCK holds for AWS's own tools)."""
    told = bearer(key)

    async def authorize(url: str, call: Call) -> Mapping[str, str]:
        if _READS_ANSWERS not in sys.modules:
            await asyncio.to_thread(import_module, _READS_ANSWERS)
        return await told(url, call)

    return authorize


class _Found:
    """Credentials once they have been found."""

    def __init__(self, source: CredentialSource) -> None:
        self._source = source
        self._lock = Lock()
        self._credentials: Credentials | None = None
        self._look_again = 0.0

    async def frozen(self) -> "ReadOnlyCredentials":
        """Those of this moment."""
        credentials = self._credentials
        if credentials is None or _may_wait(credentials):
            return await asyncio.to_thread(self._renewed)
        return credentials.get_frozen_credentials()

    def _renewed(self) -> "ReadOnlyCredentials":
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
        )

        import_module("botocore.auth")
        import_module(_READS_ANSWERS)
        try:
            return self._find().get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise _failure(error) from error

    def _find(self) -> "Credentials":
        with self._lock:  # once, however many calls wait for it
            if self._credentials is None and time.monotonic() >= self._look_again:
                self._credentials = self._source()
                self._look_again = time.monotonic() + NOTHING_FOUND_SECONDS
            if self._credentials is None:
                raise ModelAuthFailed(reason="There are no credentials of AWS here.")
            return self._credentials


def _may_wait(credentials: "Credentials") -> bool:
    """Whether the next use of them goes out for new ones."""
    refresh_needed: Callable[[], bool] | None = getattr(credentials, "refresh_needed", None)
    return refresh_needed is not None and refresh_needed()


def _failure(error: Exception) -> ModelError:
    """The error of our tree for credentials that could not be had; its name says enough."""
    from botocore import exceptions as of_aws  # noqa: PLC0415

    lasting = (
        of_aws.ClientError,  # the role may not be assumed
        of_aws.ConfigParseError,
        of_aws.InvalidConfigError,
        of_aws.PartialCredentialsError,
        of_aws.ProfileNotFound,
        of_aws.TokenRetrievalError,
        of_aws.UnauthorizedSSOTokenError,
    )
    kind = ModelAuthFailed if isinstance(error, lasting) else ModelUnavailable
    return kind(reason=f"The credentials of AWS cannot be had ({type(error).__name__}).")


def _signed(
    credentials: "ReadOnlyCredentials", region: str, url: str, call: Call
) -> Mapping[str, str]:
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - imported with the credentials
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415

    signed = {name: call.headers[name] for name in _SIGNED if name in call.headers}
    request = AWSRequest(method="POST", url=url, headers=signed, data=call.body)
    SigV4Auth(credentials, SERVICE, region).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}
