"""Files of a workspace, for models to look at and to read.

The contents are blobs of the workspace, by their digest, and go with the workspace as those do.
What is known beside them is an item. The same again is the same file.
"""

import re

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.file import MAX_FILE_BYTES, FileValue, StoredFile, media_type_of
from promptpilot.domain.message import MediaType
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import FileRejected, NotFound, TooLarge
from promptpilot.ports.blobs import Blobs
from promptpilot.ports.table import Item, Put, Table

KIND = "file"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def put_file(
    principal: Principal,
    data: bytes,
    media_type: MediaType,
    name: str | None = None,
    *,
    table: Table,
    blobs: Blobs,
) -> FileValue:
    """Keep a file. Raises `FileRejected` where it is not of that kind, `TooLarge`."""
    principal.require(Action.PROMPT_RUN)
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(what="A file", limit=MAX_FILE_BYTES, size=len(data))
    found = media_type_of(data)
    if found != media_type:
        raise FileRejected(media_type=media_type, found=found)
    # The contents first, so that there is nothing to be found without them.
    blob = blobs.put(principal.workspace, data)
    file = StoredFile(
        blob=blob, media_type=media_type, name=name, bytes=len(data), by=principal.user, at=now()
    )
    table.write([Put(Item(keys.file(principal.workspace, blob), KIND, file.model_dump_json()))])
    return FileValue(blob=blob, media_type=media_type, name=name, bytes=len(data))


def get_file(
    principal: Principal, blob: str, *, table: Table, blobs: Blobs
) -> tuple[StoredFile, bytes]:
    """A file and its contents. Raises `NotFound`, also for a blob that nobody sent as a file."""
    file = find_file(principal, blob, table=table)
    return file, blobs.get(principal.workspace, blob)


def find_file(principal: Principal, blob: str, *, table: Table) -> StoredFile:
    """A file without its contents. Raises as `get_file`."""
    principal.require(Action.EXECUTION_READ)
    item = None
    if _DIGEST.fullmatch(blob):
        item = table.get(keys.file(principal.workspace, blob))
    if item is None:
        raise NotFound(kind="file", id=blob)
    return StoredFile.model_validate_json(item.body)
