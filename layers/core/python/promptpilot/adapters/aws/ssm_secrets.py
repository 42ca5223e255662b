"""The `Secrets` of the AWS platform: SecureString parameters of Systems Manager."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from promptpilot.adapters.aws.secret_cache import SecretCache
from promptpilot.errors import StoreUnavailable
from promptpilot.secret_names import require_secret_name, require_secret_value

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CREATE_PAUSES = (0.0, 0.1, 0.4)
"""Before each attempt, in seconds: a value that stands may not be readable at once."""

_ABSENT = "ParameterNotFound"
_PRESENT = "ParameterAlreadyExists"


class SsmSecrets:
    """`Secrets` in the Parameter Store, at `{prefix}/{workspace}/{name}`, encrypted with the
    account's own key for it.

    A value of another process is seen when what is remembered here is too old; see `SecretCache`.
    """

    def __init__(self, client: "SSMClient", prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._cache = SecretCache()

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        """See `Secrets.put`."""
        path, plain = self._path(workspace, name), require_secret_value(value)
        self._write(path, plain, overwrite=True)
        self._cache.put(path, value)

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        """See `Secrets.create`."""
        path, plain = self._path(workspace, name), require_secret_value(value)
        for pause in CREATE_PAUSES:
            time.sleep(pause)
            standing = value if self._write(path, plain, overwrite=False) else self._read(path)
            if standing is not None:
                self._cache.put(path, standing)
                return standing
        raise StoreUnavailable(reason="The secret is being changed by others.")

    def get(self, workspace: str, name: str, *, fresh: bool = False) -> SecretStr | None:
        """See `Secrets.get`."""
        path = self._path(workspace, name)
        if fresh:
            value = self._read(path)
            self._cache.put(path, value)
            return value
        return self._cache.get(path, lambda: self._read(path))

    def delete(self, workspace: str, name: str) -> None:
        """See `Secrets.delete`."""
        path = self._path(workspace, name)
        _call(self._client.delete_parameter, _ABSENT, Name=path)
        self._cache.put(path, None)

    def _path(self, workspace: str, name: str) -> str:
        require_secret_name(workspace, name)
        return f"{self._prefix}/{workspace}/{name}"

    def _read(self, path: str) -> SecretStr | None:
        answer = _call(self._client.get_parameter, _ABSENT, Name=path, WithDecryption=True)
        return None if answer is None else SecretStr(answer["Parameter"]["Value"])

    def _write(self, path: str, plain: str, *, overwrite: bool) -> bool:
        """Whether it was written: not over a value that stands, unless told to."""
        written = _call(
            self._client.put_parameter,
            _PRESENT,
            Name=path,
            Value=plain,
            Type="SecureString",
            Tier="Standard",
            Overwrite=overwrite,
        )
        return written is not None


def _call(call: Callable[..., Any], expected: str, **parameters: Any) -> Any:
    """The answer, or None where the call was refused with the expected code.

    What AWS says of any other refusal may repeat what was sent, so only its code goes on.
    """
    try:
        return call(**parameters)
    except ClientError as error:
        code = error.response["Error"]["Code"]
    except BotoCoreError as error:
        code = type(error).__name__
    if code == expected:
        return None
    raise StoreUnavailable(reason=f"The secrets cannot be read or written for now ({code}).")
