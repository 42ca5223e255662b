"""Following executions where no process knows at once what happens in them."""


class NobodyFollows:
    """The `Followers` of a platform where no process knows at once what happens in executions."""

    @property
    def told(self) -> bool:
        """See `Followers.told`."""
        return False

    def check(self, workspace: str, execution: str, cursor: str | None) -> None:
        """See `Followers.check`. Clients ask with their cursors, and are told then."""

    def follow(self, subscription: object, cursor: str | None) -> None:
        """See `Followers.follow`."""

    def leave(self, subscription: object) -> None:
        """See `Followers.leave`."""
