"""Whose key a call is made with."""

from pydantic import SecretStr

from promptpilot.adapters.models.stored_key import StoredKey


class KeyOrder:
    """The keys of one workspace for one vendor: its own comes before the one for everybody."""

    def __init__(self, own: StoredKey | None, everybodys: StoredKey | SecretStr) -> None:
        self._own = own
        self._everybodys = everybodys

    async def has_own(self) -> bool:
        """Whether the workspace has one of its own, as of a moment ago. Raises
        `ModelUnavailable`.
        """
        return self._own is not None and bool(await self._own())

    async def first(self) -> SecretStr:
        """The first there is, as of a moment ago; empty where there is none. Raises
        `ModelUnavailable` where that cannot be told for now.
        """
        own = await self._own() if self._own is not None else None
        if own:
            return own
        everybodys = self._everybodys
        return everybodys if isinstance(everybodys, SecretStr) else await everybodys()

    async def other_than(self, refused: SecretStr) -> SecretStr | None:
        """The first there is by now; None where that is still the one that was refused, or nothing.

        A workspace whose own key is refused is not given everybody's.
        """
        own = await self._own.anew() if self._own is not None else None
        found = own or await self._everybodys_anew()
        return found if found and found != refused else None

    async def _everybodys_anew(self) -> SecretStr:
        everybodys = self._everybodys
        return everybodys if isinstance(everybodys, SecretStr) else await everybodys.anew()
