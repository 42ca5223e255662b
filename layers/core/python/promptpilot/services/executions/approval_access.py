"""Who may decide an approval."""

from promptpilot import keys
from promptpilot.domain.approval import Approval
from promptpilot.domain.identity import User
from promptpilot.domain.permissions import Action
from promptpilot.domain.principal import Principal
from promptpilot.errors import Forbidden
from promptpilot.ports.table import Table


def check_may_decide(principal: Principal, approval: Approval, *, table: Table) -> None:
    """Raise `Forbidden` unless the principal may decide."""
    email = email_of(principal, table=table) if approval.users else None
    if not approval.may_be_decided_by(principal.user, email, principal.role):
        raise Forbidden(action=Action.APPROVAL_DECIDE, role=principal.role)


def email_of(principal: Principal, *, table: Table) -> str | None:
    """The address of whoever acts; None for an account that is not there (any more)."""
    item = table.get(keys.user(principal.user))
    return None if item is None else User.model_validate_json(item.body).email
