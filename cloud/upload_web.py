"""Uploads the web app to the bucket that CloudFront serves. For AWS and for the emulated cloud.

`python -m cloud.upload_web OUTPUTS`, where OUTPUTS is what `cdk deploy --outputs-file` wrote.
"""

import json
import mimetypes
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WEB = Path("web/public")
BUCKET_OUTPUT = "WebBucketName"
FOREVER = "public, max-age=31536000, immutable"
"""For files whose names hold a digest of their content."""
ASK_EACH_TIME = "no-cache"
"""For the others: CloudFront and browsers ask whether theirs is still the newest, so a new release
is seen at once and nothing has to be invalidated.
"""
HASHED = "assets"
DELETED_AT_ONCE = 1000
UNKNOWN_TYPE = "application/octet-stream"


def upload_web(folder: Path, bucket: str, s3: "S3Client") -> int:
    """Make `bucket` hold the files of `folder` and no others; returns their number.

    Pages come last, so that none is served before what it loads; what no page loads any more goes
    after that.
    """
    files = sorted((each for each in folder.rglob("*") if each.is_file()), key=_pages_last)
    for file in files:
        name = file.relative_to(folder).as_posix()
        s3.put_object(
            Bucket=bucket,
            Key=name,
            Body=file.read_bytes(),
            ContentType=mimetypes.guess_type(name)[0] or UNKNOWN_TYPE,
            CacheControl=FOREVER if name.startswith(f"{HASHED}/") else ASK_EACH_TIME,
        )
    _delete_others({each.relative_to(folder).as_posix() for each in files}, bucket, s3)
    return len(files)


def web_bucket(outputs: Mapping[str, Mapping[str, str]]) -> str:
    """The bucket that a deployment's outputs name. Raises `KeyError` where none does."""
    for stack in outputs.values():
        if BUCKET_OUTPUT in stack:
            return stack[BUCKET_OUTPUT]
    raise KeyError(BUCKET_OUTPUT)


def _pages_last(file: Path) -> tuple[bool, str]:
    return file.suffix == ".html", str(file)


def _delete_others(kept: set[str], bucket: str, s3: "S3Client") -> None:
    gone = [name for name in _names(bucket, s3) if name not in kept]
    for start in range(0, len(gone), DELETED_AT_ONCE):
        some = gone[start : start + DELETED_AT_ONCE]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in some]})


def _names(bucket: str, s3: "S3Client") -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            yield each["Key"]


def main() -> None:
    """Upload to the deployment whose outputs are in the file of the one argument."""
    [file] = sys.argv[1:]
    bucket = web_bucket(json.loads(Path(file).read_text()))
    count = upload_web(WEB, bucket, boto3.client("s3"))
    sys.stdout.write(f"{count} files of the web app are in {bucket}\n")


if __name__ == "__main__":
    main()
