"""Keys and credentials."""

from typing import Protocol

from pydantic import SecretStr


class Secrets(Protocol):
    """Keys and credentials by workspace and name, encrypted at rest and never shown to a client.

    `secret_names` says what a name is (1..200 characters of `a-z 0-9 . _ - /`) and a value (at most
    4,096 bytes of UTF-8); anything else is `Invalid` or `TooLarge`. Every method raises
    `StoreUnavailable` when the store is out of reach.
    """

    def put(self, workspace: str, name: str, value: SecretStr) -> None:
        """Store `value`, over any other. This process sees it at once, others within minutes."""
        ...

    def create(self, workspace: str, name: str, value: SecretStr) -> SecretStr:
        """Store `value` unless there is one. Returns the one that stands, the same for everybody
        who asks at once.
        """
        ...

    def get(self, workspace: str, name: str, *, fresh: bool = False) -> SecretStr | None:
        """The value, at most five minutes old; None where there is none. With `fresh` it is not one
        that is remembered here: for who has reason to believe that it has changed.
        """
        ...

    def delete(self, workspace: str, name: str) -> None:
        """Remove the value; nothing there is fine."""
        ...
