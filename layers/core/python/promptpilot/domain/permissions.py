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
    WORKFLOW_SUSPEND = "workflow:suspend"
    EXECUTION_READ = "execution:read"
    EXECUTION_CONTROL = "execution:control"
    FEEDBACK_READ = "feedback:read"
    FEEDBACK_WRITE = "feedback:write"
    MODEL_READ = "model:read"
    MODEL_ALIAS_WRITE = "model_alias:write"
    APPROVAL_READ = "approval:read"
    APPROVAL_DECIDE = "approval:decide"
    EGRESS_READ = "egress:read"
    EGRESS_WRITE = "egress:write"
    LIMITS_READ = "limits:read"
    LIMITS_WRITE = "limits:write"
    MODEL_KEY_READ = "model_key:read"
    MODEL_KEY_WRITE = "model_key:write"
    BUDGET_READ = "budget:read"
    BUDGET_WRITE = "budget:write"
    COST_READ = "cost:read"


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
    Action.WORKFLOW_SUSPEND: Role.EDITOR,
    Action.EXECUTION_READ: Role.VIEWER,
    Action.EXECUTION_CONTROL: Role.RUNNER,
    Action.FEEDBACK_READ: Role.VIEWER,
    Action.FEEDBACK_WRITE: Role.RUNNER,
    Action.MODEL_READ: Role.VIEWER,
    Action.MODEL_ALIAS_WRITE: Role.ADMIN,
    Action.APPROVAL_READ: Role.VIEWER,
    Action.APPROVAL_DECIDE: Role.VIEWER,  # an approval itself says who may
    Action.EGRESS_READ: Role.ADMIN,
    Action.EGRESS_WRITE: Role.ADMIN,
    Action.LIMITS_READ: Role.VIEWER,
    Action.LIMITS_WRITE: Role.ADMIN,
    Action.MODEL_KEY_READ: Role.ADMIN,
    Action.MODEL_KEY_WRITE: Role.ADMIN,
    Action.BUDGET_READ: Role.VIEWER,
    Action.BUDGET_WRITE: Role.ADMIN,
    Action.COST_READ: Role.VIEWER,
}


def allows(role: Role, action: Action) -> bool:
    """Whether a role may do an action."""
    return at_least(role, LOWEST_ROLE[action])


def at_least(role: Role, lowest: Role) -> bool:
    """Whether a role is that one or a more powerful one."""
    return _POWER[role] >= _POWER[lowest]


def require(role: Role, action: Action) -> None:
    """Raise `Forbidden` unless the role may do the action."""
    if not allows(role, action):
        raise Forbidden(action=action, role=role)
