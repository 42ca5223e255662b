"""Examples of files for the OpenAPI document, and of what can be wrong with them."""

from functions.api.routes.examples import DIGEST
from promptpilot import errors

SENT = {
    "file": {
        "blob": DIGEST,
        "media_type": "image/png",
        "name": "whiteboard.png",
        "bytes": 48_213,
    }
}

UNKNOWN = errors.NotFound(kind="file", id=DIGEST)
REJECTED = errors.FileRejected(media_type="image/png", found="application/pdf")
