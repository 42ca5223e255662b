"""An account is credentials and records, and never half of one for long."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from embedded.database import Database
from embedded.identity import LocalIdentity
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.identity import SignUp
from promptpilot.domain.permissions import Role
from promptpilot.errors import AlreadyExists, Invalid, NotFound, Unauthenticated
from promptpilot.services import accounts
from promptpilot.services.principals import principal_of
from tests.fakes import MemoryTable

PASSWORD = "correct horse battery staple"
ONE = SignUp(email="One@example.com", password=SecretStr(PASSWORD), name="One")
OTHER = SecretStr("another horse altogether")


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[LocalIdentity]:
    database = Database(tmp_path / "identity.db")
    yield LocalIdentity(database, tmp_path)
    database.close()


def test_signing_up_makes_everything_in_one_transaction(identity: LocalIdentity) -> None:
    table = MemoryTable()
    account = accounts.sign_up(ONE, identity=identity, table=table)
    assert account.user.email == "one@example.com"
    assert account.user.personal_workspace == account.workspace.id
    principal = principal_of(account.user.id, None, table=table)
    assert (principal.workspace, principal.role) == (account.workspace.id, Role.OWNER)
    [item] = table.of_kind("outbox")
    event = Event.model_validate_json(item.body)
    assert (event.type, event.subject) == (EventType.USER_SIGNED_UP, account.user.id)
    assert "one" not in item.body.lower()


def test_a_known_email_is_refused_and_changes_nothing(identity: LocalIdentity) -> None:
    table = MemoryTable()
    accounts.sign_up(ONE, identity=identity, table=table)
    for draft in (ONE, ONE.model_copy(update={"password": OTHER, "email": "ONE@EXAMPLE.COM"})):
        with pytest.raises(AlreadyExists):
            accounts.sign_up(draft, identity=identity, table=table)
    assert len(table.of_kind("user")) == 1


def test_an_address_whose_small_letters_are_no_address_is_refused(
    identity: LocalIdentity,
) -> None:
    # This letter is three in its folded form, and an address may have so many bytes only.
    draft = SignUp(email="\u0390" * 100 + "@example.com", password=ONE.password, name="One")
    with pytest.raises(Invalid):
        accounts.sign_up(draft, identity=identity, table=MemoryTable())


@pytest.mark.parametrize("user", ["user_01JD8W2M7Q4V6X9Z3B5N8R1T0K", "nonsense", ""])
def test_a_user_who_is_not_there_is_nobody(user: str) -> None:
    with pytest.raises(NotFound):
        accounts.profile(user, table=MemoryTable())
    with pytest.raises(Unauthenticated):
        principal_of(user, None, table=MemoryTable())
