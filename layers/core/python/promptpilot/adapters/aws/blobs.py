"""The `Blobs` of the AWS platform, in S3."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from promptpilot.blob_name import digest_of_bytes, require_blob_name, require_intact
from promptpilot.errors import NotFound, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

_ABSENT = frozenset({"NoSuchKey", "404"})
_STORED_ALREADY = "PreconditionFailed"
_BEING_STORED = "ConditionalRequestConflict"


class S3Blobs:
    """A `Blobs` in one bucket, under `{workspace}/{digest}`.

    Every method raises `StoreUnavailable` when S3 refuses, is out of reach or does not answer. The
    role needs `s3:ListBucket`: without it S3 refuses to say that a value is not there.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, workspace: str, data: bytes) -> str:
        """See `Blobs.put`. S3 checks what arrives against the digest."""
        digest = digest_of_bytes(data)
        try:
            self._put(workspace, digest, data, IfNoneMatch="*")  # the same again adds no version
        except StoreUnavailable as error:
            code = _code(error.__cause__)
            if code == _BEING_STORED:
                self._put(workspace, digest, data)
            elif code != _STORED_ALREADY:
                raise
        return digest

    def get(self, workspace: str, digest: str) -> bytes:
        """See `Blobs.get`."""
        try:
            data = self._call(self._fetch, workspace, digest)
        except StoreUnavailable as error:
            if _code(error.__cause__) in _ABSENT:
                raise NotFound("blob", digest) from error
            raise
        return require_intact(data, digest)

    def delete(self, workspace: str, digest: str) -> None:
        """See `Blobs.delete`."""
        self._call(self._client.delete_object, workspace, digest)

    def _put(self, workspace: str, digest: str, data: bytes, **condition: str) -> None:
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        put = self._client.put_object
        self._call(put, workspace, digest, Body=data, ChecksumSHA256=checksum, **condition)

    def _fetch(self, **parameters: Any) -> bytes:
        return self._client.get_object(**parameters)["Body"].read()

    def _call(self, call: Callable[..., T], workspace: str, digest: str, **more: Any) -> T:
        require_blob_name(workspace, digest)
        try:
            return call(Bucket=self._bucket, Key=f"{workspace}/{digest}", **more)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable from error


def _code(error: BaseException | None) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
