"""Who may do what: one table from action to the lowest role that may."""

from enum import StrEnum

from promptpilot.errors import Forbidden


class Role(StrEnum):
    """Roles in a workspace, from the most to the least powerful."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    RUNNER = "runner"
    VIEWER = "viewer"


class Action(StrEnum):
    """What a principal can ask for."""

    PROMPT_READ = "prompt:read"
    PROMPT_WRITE = "prompt:write"
    PROMPT_RUN = "prompt:run"
    LABEL_MOVE = "label:move"
    LABEL_PROTECT = "label:protect"
    WORKFLOW_READ = "workflow:read"
    WORKFLOW_WRITE = "workflow:write"
    WORKFLOW_EXECUTE = "workflow:execute"
    EXECUTION_READ = "execution:read"
    FEEDBACK_READ = "feedback:read"
    FEEDBACK_WRITE = "feedback:write"
    MODEL_READ = "model:read"


_POWER = {role: len(Role) - place for place, role in enumerate(Role)}

LOWEST_ROLE = {
    Action.PROMPT_READ: Role.VIEWER,
    Action.PROMPT_WRITE: Role.EDITOR,
    Action.PROMPT_RUN: Role.RUNNER,
    Action.LABEL_MOVE: Role.EDITOR,
    Action.LABEL_PROTECT: Role.ADMIN,
    Action.WORKFLOW_READ: Role.VIEWER,
    Action.WORKFLOW_WRITE: Role.EDITOR,
    Action.WORKFLOW_EXECUTE: Role.RUNNER,
    Action.EXECUTION_READ: Role.VIEWER,
    Action.FEEDBACK_READ: Role.VIEWER,
    Action.FEEDBACK_WRITE: Role.RUNNER,
    Action.MODEL_READ: Role.VIEWER,
}


def allows(role: Role, action: Action) -> bool:
    """Whether a role may do an action."""
    return _POWER[role] >= _POWER[LOWEST_ROLE[action]]


def require(role: Role, action: Action) -> None:
    """Raise `Forbidden` unless the role may do the action."""
    if not allows(role, action):
        raise Forbidden(action=action, role=role)
