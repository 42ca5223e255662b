"""Files that messages of prompts attach: images, PDFs and texts."""

import re
from typing import Annotated
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import requests
from functions.api.conditional import IMMUTABLE, KnownTags, digest_tag, is_known
from functions.api.documentation import answers
from functions.api.principal import Caller
from functions.api.router import Routes
from functions.api.routes import file_examples as examples
from functions.api.upload import UploadedFile, file_content
from promptpilot.domain.base import Model
from promptpilot.domain.file import FileValue
from promptpilot.platform import current
from promptpilot.services import files

router = Routes()
TAGS = ["files"]

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


class FileSent(Model):
    """A file that is kept: `file` as it is, is the value of a variable of the type `file`."""

    file: FileValue


@router.post(
    "/files",
    summary="Send a file",
    description="Keep an image, a PDF or a text (UTF-8) for prompts to attach. The body is the "
    "file itself, of at most 1 MiB, and `Content-Type` says what it is, which is checked. The same "
    "contents are the same file, whatever their name: again is fine.",
    operation_id="send_file",
    tags=TAGS,
    status_code=201,
    responses=answers(
        201,
        "The file, as a variable takes it.",
        examples.SENT,
        headers=["Location"],
        refusals=[examples.REJECTED],
    ),
)
def send_file(
    request: Request,
    principal: Caller,
    upload: UploadedFile,
    name: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="What the file is called; models see it."),
    ] = None,
) -> Response[FileSent]:
    """Keep a file."""
    ports = current()
    file = files.put_file(
        principal, upload.data, upload.media_type, name, table=ports.table, blobs=ports.blobs
    )
    headers = {"Location": requests.place(request, f"/files/{file.blob}")}
    return Response(201, body=FileSent(file=file), headers=headers)


_CONTENTS = answers(
    200,
    "The contents, to be kept and not to be shown: `Content-Disposition` is `attachment`.",
    headers=["ETag", "Cache-Control"],
    also={304: "The client has it."},
    refusals=[examples.UNKNOWN],
)


@router.get(
    "/files/<blob>",
    summary="Read a file",
    description="The contents, as they were sent.",
    operation_id="read_file",
    tags=TAGS,
    responses={**_CONTENTS, 200: {**_CONTENTS[200], "content": file_content()}},
)
def read_file(blob: str, principal: Caller, known: KnownTags) -> Response[bytes]:
    """The file, so that a browser does nothing with it but keep it."""
    ports = current()
    headers = {"ETag": digest_tag(blob), "Cache-Control": IMMUTABLE}
    if is_known(known, (digest_tag(blob),)):
        files.find_file(principal, blob, table=ports.table)
        return Response(304, headers=headers)
    file, data = files.get_file(principal, blob, table=ports.table, blobs=ports.blobs)
    is_text = file.media_type == "text/plain"
    kept = {
        **headers,
        "Content-Type": f"{file.media_type}; charset=utf-8" if is_text else file.media_type,
        "Content-Disposition": disposition(file.download_name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(200, body=data, headers=kept)


def disposition(name: str) -> str:
    """`Content-Disposition` of what is to be kept under that name (RFC 6266), whatever is in it."""
    plain = _NOT_PLAIN.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
