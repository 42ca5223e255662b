"""`/openapi.json`, and `/docs` that shows it: Swagger UI from the Powertools package, with nothing
fetched from elsewhere.
"""

import gzip
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import cast

from aws_lambda_powertools.event_handler import Request, Response, openapi

from functions.api.body import JSON
from functions.api.refusals import PathUnknown
from functions.api.requests import HttpRequest
from functions.api.resolver import Resolver

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PromptPilot Pro: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

START = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_DAY = "public, max-age=86400"


def add_documentation(api: Resolver) -> None:
    """Register the document's routes on the API that it documents."""

    @lru_cache(maxsize=1)
    def document() -> bytes:
        # Few processes are ever asked for it, and what it needs takes a while to import.
        from functions.api.openapi import openapi_document  # noqa: PLC0415 - see above

        return openapi_document(api).encode()

    @api.get("/openapi.json", include_in_schema=False)
    def read_document(request: Request) -> Response[bytes]:
        return _sent(request, document(), JSON, "no-cache")

    @api.get("/docs", include_in_schema=False)
    def read_page(request: Request) -> Response[bytes]:
        return _sent(request, PAGE.encode(), "text/html; charset=utf-8", "no-cache")

    @api.get("/docs/<file>", include_in_schema=False)
    def read_asset(request: Request, file: str) -> Response[bytes]:
        if file not in _assets():
            raise PathUnknown
        kind, data = _assets()[file]
        return _sent(request, data, kind, _DAY)


@lru_cache(maxsize=1)
def _assets() -> Mapping[str, tuple[str, bytes]]:
    files = resources.files(openapi) / "swagger_ui"
    script = "text/javascript; charset=utf-8"
    return {
        "swagger-ui.js": (script, (files / "swagger-ui-bundle.min.js").read_bytes()),
        "swagger-ui.css": ("text/css; charset=utf-8", (files / "swagger-ui.min.css").read_bytes()),
        "start.js": (script, START.encode()),
    }


@lru_cache(maxsize=8)
def _compressed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _sent(request: Request, data: bytes, kind: str, cache: str) -> Response[bytes]:
    headers: dict[str, str | list[str]] = {
        "Cache-Control": cache,
        "Content-Security-Policy": _POLICY,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" in (cast("HttpRequest", request).headers_sent.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        data = _compressed(data)
    return Response(200, content_type=kind, body=data, headers=headers)
