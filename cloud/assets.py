"""Puts the assets of a stack where its template looks for them."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.assembly import FileAsset
from cloud.emulator import ACCOUNT, REGION

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def upload_assets(assets: Sequence[FileAsset], s3: "S3Client", *, known: set[str]) -> None:
    """Upload those whose key is not among `known`, which they join. A key is a content's digest."""
    for asset in assets:
        if asset.key in known:
            continue
        body = _zip(asset.source) if asset.zipped else asset.source.read_bytes()
        s3.put_object(Bucket=here(asset.bucket), Key=asset.key, Body=body)
        known.add(asset.key)


def here(name: str) -> str:
    """A name of the bootstrap stack's, with this account and region in place of its variables."""
    return name.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)


def _zip(folder: Path) -> bytes:
    """The folder as Lambda takes it. Not compressed: it travels over loopback, and is unpacked anew
    for every process that runs a function.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return packed.getvalue()
