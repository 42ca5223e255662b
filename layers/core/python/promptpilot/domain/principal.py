"""On whose behalf a service acts, and in which workspace."""

from dataclasses import dataclass

from promptpilot.domain.permissions import Action, Role, require


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified user in one workspace, with the role they have there."""

    user: str
    workspace: str
    role: Role

    def require(self, action: Action) -> None:
        """Raise `Forbidden` unless this principal may do the action. Every service calls this once,
        at its top.
        """
        require(self.role, action)
