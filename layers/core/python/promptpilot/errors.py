"""Every error that PromptPilot raises on purpose.

An error carries data; `detail` is the sentence that a client reads, filled from that data. `code`
is stable: clients
switch on it. Class names double as `ErrorEquals` in state machines. HTTP statuses are in
`functions/api/problems.py`.

PromptPilotError
├── Invalid                     what was sent cannot be accepted, and never will be
│   ├── DocumentInvalid         a document with problems, each with its place (JSON pointer)
│   ├── TemplateInvalid         a prompt template that does not parse, with line and column
│   ├── RenderFailed            a template that parses but fails on these variables
│   ├── VariablesInvalid        missing, unknown or wrong-typed variables, all of them
│   ├── VersionBumpTooSmall     a version that the change is too large for
│   ├── CursorInvalid           a cursor that we did not issue
│   ├── CodeRejected            a code, sent by mail or shown by an app, that is wrong or too old
│   ├── ModelKeyRefused         a key that the vendor of models does not take
│   └── FileRejected            a file that is not what it is said to be
├── TooLarge                    over a documented size
├── Unauthenticated             no token, or one that is forged or has expired
├── CredentialsRejected         wrong email or password
├── LogInIncomplete             something is left to do before this account can log in
│   ├── AccountUnconfirmed      the code that was sent at the sign-up
│   ├── PasswordResetRequired   an operator has ended the password
│   └── ChallengeRequired       a code or a new password, answered within the session it carries
├── SignUpClosed                accounts are made by an operator only
├── Forbidden                   may be read, may not be changed, by this principal
├── NotFound                    is not there, or may not be read by this principal
├── Conflict                    against the present state
│   ├── AlreadyExists           that name or version is taken
│   ├── Archived                it is out of use until it is taken out of the archive
│   ├── Unpublished             it has a draft and no version yet
│   ├── IdempotencyConflict     a key used before with another body, or still in flight
│   ├── ExecutionEnded          it has ended, so it cannot be cancelled
│   ├── ExecutionNotEnded       it has not, so it can be neither resumed nor replayed
│   ├── ExecutionNotResumable   it has succeeded, or nothing is left to go on from
│   ├── ExecutionIsChild        it goes on with the execution that began it, and not by itself
│   ├── ExecutionLimitReached   as many executions run as the workspace may have
│   ├── WorkflowSuspended       somebody has stopped it: nothing of it starts
│   └── ConditionFailed         raised by `Table.write`: which operation's condition did not hold
│       └── RevisionConflict    `If-Match` lost the race
├── Unavailable                 try again later
│   ├── StoreUnavailable        the store is locked, full or out of reach; nothing was written
│   └── ModelKeyUnchecked       a vendor of models that does not say whether it takes a key
└── StepError               why a step of a workflow failed: see `step_errors`
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import ClassVar


@dataclass(eq=False)
class PromptPilotError(Exception):
    """The root. `code` is stable, `detail` is a template over the error's own fields."""

    code: ClassVar[str] = "internal_error"
    detail: ClassVar[str] = "Something went wrong on our side."

    def data(self) -> dict[str, object]:
        """The error's fields, JSON-ready."""
        return asdict(self)

    def __str__(self) -> str:
        return self.detail.format(**self.data())


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document: `at` is a JSON pointer (RFC 6901), `code` is stable,
    `message` is for a person.
    """

    at: str
    code: str
    message: str


@dataclass(eq=False)
class Invalid(PromptPilotError):
    """What was sent cannot be accepted; `reason` says why."""

    reason: str
    code: ClassVar[str] = "invalid"
    detail: ClassVar[str] = "{reason}"


@dataclass(eq=False)
class DocumentInvalid(Invalid):
    """A document with problems, every one of them listed."""

    reason: str = "The document has problems; each is listed with its place."
    problems: tuple[Problem, ...] = ()
    code: ClassVar[str] = "document_invalid"


@dataclass(eq=False)
class TemplateInvalid(Invalid):
    """A template that does not parse. `line` and `column` count from 1; `template` names the part
    ("content", "messages/0").
    """

    line: int = 1
    column: int = 1
    template: str = "content"
    code: ClassVar[str] = "template_invalid"
    detail: ClassVar[str] = "{template}, line {line}, column {column}: {reason}"


@dataclass(eq=False)
class RenderFailed(Invalid):
    """A template that parsed but cannot be rendered with these variables (undefined value, too much
    work, cycle).
    """

    line: int = 1
    template: str = "content"
    code: ClassVar[str] = "render_failed"
    detail: ClassVar[str] = "{template}, line {line}: {reason}"


@dataclass(eq=False)
class VariablesInvalid(Invalid):
    """Variables that do not fit the declaration: all of the missing, unknown and wrong-typed
    ones.
    """

    reason: str = "The variables do not fit the prompt's declaration."
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    code: ClassVar[str] = "variables_invalid"


@dataclass(eq=False)
class VersionBumpTooSmall(Invalid):
    """The change needs a larger step of the version: `required` is major, minor or patch; `reasons`
    say which change forces it.
    """

    reason: str = "The change needs a larger version bump."
    required: str = "major"
    minimum: str = ""
    reasons: tuple[str, ...] = ()
    code: ClassVar[str] = "version_bump_too_small"


@dataclass(eq=False)
class CursorInvalid(Invalid):
    """A cursor that this server did not issue for this list."""

    reason: str = "The cursor is not one that this list gave out."
    code: ClassVar[str] = "cursor_invalid"


@dataclass(eq=False)
class CodeRejected(Invalid):
    """A code that is wrong, has expired, or was never sent; never says which."""

    reason: str = "The code is wrong or has expired."
    code: ClassVar[str] = "code_rejected"


@dataclass(eq=False)
class ModelKeyRefused(Invalid):
    """The vendor does not take the key; nothing was changed."""

    reason: str = "The vendor does not take this key."
    vendor: str = ""
    code: ClassVar[str] = "model_key_refused"


@dataclass(eq=False)
class FileRejected(Invalid):
    """Contents that are not of the kind that they are said to be; `found` is what they are, where
    that can be a file at all.
    """

    reason: str = "The contents are not of the kind that the Content-Type says."
    media_type: str = ""
    found: str | None = None
    code: ClassVar[str] = "file_rejected"


@dataclass(eq=False)
class TooLarge(PromptPilotError):
    """Over a documented size; sizes in bytes."""

    what: str
    limit: int
    size: int | None = None
    code: ClassVar[str] = "too_large"
    detail: ClassVar[str] = "{what} may have at most {limit} bytes."


@dataclass(eq=False)
class Unauthenticated(PromptPilotError):
    """No token, or one that is not valid (any more)."""

    reason: str = "A valid bearer token is needed."
    code: ClassVar[str] = "unauthenticated"
    detail: ClassVar[str] = "{reason}"


@dataclass(eq=False)
class CredentialsRejected(PromptPilotError):
    """Wrong email or password; never says which."""

    code: ClassVar[str] = "credentials_rejected"
    detail: ClassVar[str] = "The email or the password is wrong."


@dataclass(eq=False)
class LogInIncomplete(PromptPilotError):
    """Something is left to do before this account can log in."""

    code: ClassVar[str] = "log_in_incomplete"
    detail: ClassVar[str] = "Something is left to do before this account can log in."


@dataclass(eq=False)
class AccountUnconfirmed(LogInIncomplete):
    """The code that was sent to the email address has to come back first."""

    code: ClassVar[str] = "account_unconfirmed"
    detail: ClassVar[str] = "Confirm the account first, with the code that was sent by email."


@dataclass(eq=False)
class PasswordResetRequired(LogInIncomplete):
    """The password is good no longer; a code sent by mail allows a new one."""

    code: ClassVar[str] = "password_reset_required"
    detail: ClassVar[str] = "The password has to be reset: ask for a code, and choose a new one."


@dataclass(eq=False)
class ChallengeRequired(LogInIncomplete):
    """The password was right, and one more answer is needed: `challenge` is a `ChallengeKind`,
    `session` is given back with the answer, within minutes.
    """

    challenge: str
    session: str
    code: ClassVar[str] = "challenge_required"
    detail: ClassVar[str] = "One more answer is needed to log in: {challenge}."


@dataclass(eq=False)
class SignUpClosed(PromptPilotError):
    """Nobody can sign up here by themselves."""

    code: ClassVar[str] = "sign_up_closed"
    detail: ClassVar[str] = "Accounts are made by an operator here. Ask for one."


@dataclass(eq=False)
class Forbidden(PromptPilotError):
    """The principal's role does not allow the action."""

    action: str
    role: str
    code: ClassVar[str] = "forbidden"
    detail: ClassVar[str] = "The role {role} does not allow {action}."


@dataclass(eq=False)
class NotFound(PromptPilotError):
    """Not there, or not readable by this principal."""

    kind: str
    id: str
    code: ClassVar[str] = "not_found"
    detail: ClassVar[str] = "There is no {kind} {id!r} here."


@dataclass(eq=False)
class Conflict(PromptPilotError):
    """Against the present state; `reason` says how."""

    reason: str
    code: ClassVar[str] = "conflict"
    detail: ClassVar[str] = "{reason}"


@dataclass(eq=False)
class AlreadyExists(Conflict):
    """That name or version is taken."""

    reason: str = "It exists already."
    kind: str = ""
    id: str = ""
    code: ClassVar[str] = "already_exists"
    detail: ClassVar[str] = "The {kind} {id!r} exists already."


@dataclass(eq=False)
class Archived(Conflict):
    """It can be read, and neither changed nor run."""

    reason: str = "It is archived."
    kind: str = ""
    id: str = ""
    code: ClassVar[str] = "archived"
    detail: ClassVar[str] = "The {kind} {id!r} is archived. Take it out of the archive first."


@dataclass(eq=False)
class Unpublished(Conflict):
    """It has no version yet, only a draft."""

    reason: str = "It has no version yet."
    kind: str = ""
    id: str = ""
    code: ClassVar[str] = "unpublished"
    detail: ClassVar[str] = "The {kind} {id!r} has no version yet. Publish its draft first."


@dataclass(eq=False)
class IdempotencyConflict(Conflict):
    """An idempotency key used before with another request, or whose first request is still under
    way.
    """

    reason: str = "This Idempotency-Key was used with another request."
    code: ClassVar[str] = "idempotency_conflict"


@dataclass(eq=False)
class ExecutionEnded(Conflict):
    """An execution that has ended cannot be cancelled; `ended_as` is its status."""

    reason: str = "The execution has ended."
    ended_as: str = ""
    code: ClassVar[str] = "execution_ended"


@dataclass(eq=False)
class ExecutionNotEnded(Conflict):
    """An execution that goes on can be neither resumed nor replayed."""

    reason: str = "The execution has not ended yet."
    code: ClassVar[str] = "execution_not_ended"


@dataclass(eq=False)
class ExecutionNotResumable(Conflict):
    """It has succeeded, never began, or ended so long ago that nothing is left to go on from."""

    reason: str = "The execution cannot be resumed any more. Replay it instead."
    code: ClassVar[str] = "execution_not_resumable"


@dataclass(eq=False)
class ExecutionIsChild(Conflict):
    """It belongs to a step of the execution `parent`, and goes on with that one."""

    reason: str = "A step of another execution began this one: resume that one."
    parent: str = ""
    code: ClassVar[str] = "execution_is_child"


@dataclass(eq=False)
class ExecutionLimitReached(Conflict):
    """As many executions run as the workspace may have at the same time."""

    reason: str = "As many executions run as this workspace may have at the same time."
    limit: int = 0
    code: ClassVar[str] = "execution_limit_reached"


@dataclass(eq=False)
class WorkflowSuspended(Conflict):
    """Somebody has stopped the workflow for now: nothing of it starts."""

    reason: str = "The workflow is suspended: nothing of it starts for now."
    workflow: str = ""
    code: ClassVar[str] = "workflow_suspended"


@dataclass(eq=False)
class ConditionFailed(Conflict):
    """A transaction was refused whole: `operation` is the position of the first operation whose
    condition did not hold.
    """

    reason: str = "It changed in the meantime."
    operation: int = 0
    code: ClassVar[str] = "condition_failed"


@dataclass(eq=False)
class RevisionConflict(ConditionFailed):
    """The revision named by the client is not the current one."""

    current: int | None = None
    code: ClassVar[str] = "revision_conflict"


@dataclass(eq=False)
class Unavailable(PromptPilotError):
    """A part that is needed is out of reach for now; `retry_after` in seconds."""

    reason: str = "A part that is needed is out of reach for now."
    retry_after: int = 1
    code: ClassVar[str] = "unavailable"
    detail: ClassVar[str] = "{reason}"


@dataclass(eq=False)
class StoreUnavailable(Unavailable):
    """The store is locked, full or out of reach. Nothing of the transaction was written."""

    reason: str = "The store cannot be written or read for now."
    code: ClassVar[str] = "store_unavailable"


@dataclass(eq=False)
class ModelKeyUnchecked(Unavailable):
    """Nobody knows whether the vendor takes the key; `reason` says why."""

    vendor: str = ""
    code: ClassVar[str] = "model_key_unchecked"
