"""What is wrong with a request itself, before any service has seen it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from promptpilot.errors import Conflict, Invalid, PromptPilotError

Place = Literal["body", "path", "query", "header"]


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field that cannot be accepted: the part of the request it is `in`, its place there as a
    JSON pointer, and why. The value that was sent is never repeated.
    """

    part: Place
    at: str
    code: str
    message: str

    def document(self) -> dict[str, str]:
        """The fault as clients read it."""
        return {"in": self.part, "at": self.at, "code": self.code, "message": self.message}


@dataclass(eq=False)
class ValidationFailed(Invalid):
    """Fields that are missing, unknown or of the wrong kind; every one of them is listed."""

    reason: str = "The request has fields that cannot be accepted; each is listed with its place."
    faults: tuple[FieldFault, ...] = ()
    code: ClassVar[str] = "validation_failed"

    def data(self) -> dict[str, object]:
        """The faults under `fields`."""
        return {"reason": self.reason, "fields": [fault.document() for fault in self.faults]}


@dataclass(eq=False)
class JsonInvalid(Invalid):
    """A body that is not JSON (or YAML, where that is taken). `line` and `column` count from 1."""

    line: int = 1
    column: int = 1
    code: ClassVar[str] = "json_invalid"
    detail: ClassVar[str] = "The body cannot be read at line {line}, column {column}: {reason}"


@dataclass(eq=False)
class MediaTypeUnsupported(PromptPilotError):
    """A body of a kind that the route does not take; `accepted` are those it takes."""

    accepted: tuple[str, ...]
    code: ClassVar[str] = "media_type_unsupported"
    detail: ClassVar[str] = "The body's Content-Type is not one of those accepted here."


@dataclass(eq=False)
class PathUnknown(PromptPilotError):
    """No route has this path."""

    code: ClassVar[str] = "path_unknown"
    detail: ClassVar[str] = "There is nothing at this path."


@dataclass(eq=False)
class MethodNotAllowed(PromptPilotError):
    """The path is one of ours, but not with this method; `allowed` are those it has."""

    allowed: tuple[str, ...]
    code: ClassVar[str] = "method_not_allowed"
    detail: ClassVar[str] = "This path does not take that method."


@dataclass(eq=False)
class RequestInFlight(Conflict):
    """The first request with this Idempotency-Key has not ended; `retry_after` in seconds."""

    reason: str = "The first request with this Idempotency-Key is still under way."
    retry_after: int = 1
    code: ClassVar[str] = "idempotency_in_flight"


@dataclass(eq=False)
class RequestTimedOut(PromptPilotError):
    """The client took too long to send its request; `seconds` is how long it had."""

    seconds: float
    code: ClassVar[str] = "request_timed_out"
    detail: ClassVar[str] = "The request was not complete after {seconds:.0f} s."


@dataclass(eq=False)
class NotHttp(PromptPilotError):
    """What came is not a request in HTTP/1.1."""

    code: ClassVar[str] = "not_http"
    detail: ClassVar[str] = "What came is not an HTTP request."


@dataclass(eq=False)
class HeadersTooLarge(PromptPilotError):
    """The request line and the headers are over `limit` bytes together."""

    limit: int
    code: ClassVar[str] = "headers_too_large"
    detail: ClassVar[str] = "The request line and headers may have at most {limit} bytes."
