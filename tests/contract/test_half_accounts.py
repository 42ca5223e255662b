"""An account is credentials and records, and never half of one for long, whoever is the issuer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from promptpilot.domain.identity import SignUp
from promptpilot.domain.permissions import Role
from promptpilot.errors import (
    AccountUnconfirmed,
    AlreadyExists,
    CredentialsRejected,
    StoreUnavailable,
)
from promptpilot.ports.identity import Identity
from promptpilot.ports.table import Operation
from promptpilot.services import accounts
from tests.contract.issuers import EMAIL, PASSWORD, Issuer
from tests.contract.user_pools import Cognito, UserPool, user_pool
from tests.fakes import MemoryTable

ONE = SignUp(email="One@example.com", password=SecretStr(PASSWORD), name="One")
OTHER = SecretStr("another horse altogether")


class DyingTable(MemoryTable):
    """A table whose next writes fail, as if the process had died before them."""

    def __init__(self, deaths: int) -> None:
        super().__init__()
        self.deaths = deaths

    def write(self, operations: Sequence[Operation], *, durable: bool = True) -> None:
        if self.deaths:
            self.deaths -= 1
            raise StoreUnavailable
        super().write(operations, durable=durable)


@pytest.fixture
def pool(cognito: Cognito) -> UserPool:
    return user_pool(cognito)


@pytest.fixture
def table(issuer: Issuer) -> DyingTable:
    """Where the credentials of somebody are there and the records are not."""
    table = DyingTable(1)
    with pytest.raises(StoreUnavailable):
        accounts.sign_up(ONE, identity=issuer.identity, table=table)
    issuer.confirm(EMAIL)
    return table


def log_in(identity: Identity, table: MemoryTable, password: SecretStr = ONE.password) -> str:
    tokens = accounts.log_in(ONE.email, password, identity=identity, table=table)
    return identity.verify(tokens.access_token).user


def test_signing_up_again_finishes_what_a_crash_cut_off(
    identity: Identity, table: DyingTable
) -> None:
    assert table.of_kind("user") == []
    account = accounts.sign_up(ONE, identity=identity, table=table)
    assert account.user.name == "One"
    assert not account.needs_confirmation
    assert log_in(identity, table) == account.user.id
    with pytest.raises(AlreadyExists):
        accounts.sign_up(ONE, identity=identity, table=table)


def test_logging_in_finishes_it_as_well(identity: Identity, table: DyingTable) -> None:
    profile = accounts.profile(log_in(identity, table), table=table)
    assert (profile.user.name, profile.user.email) == ("one", EMAIL)
    assert [each.role for each in profile.workspaces] == [Role.OWNER]


def test_only_the_right_password_finishes_it(identity: Identity, table: DyingTable) -> None:
    with pytest.raises(AlreadyExists):
        accounts.sign_up(ONE.model_copy(update={"password": OTHER}), identity=identity, table=table)
    with pytest.raises(CredentialsRejected):
        log_in(identity, table, OTHER)
    assert table.of_kind("user") == []


def test_of_many_who_finish_it_at_once_all_get_the_same_account(
    identity: Identity, table: DyingTable
) -> None:
    with ThreadPoolExecutor(4) as threads:
        users = set(threads.map(lambda _: log_in(identity, table), range(8)))
    assert len(users) == 1
    assert len(table.of_kind("user")) == len(table.of_kind("workspace")) == 1


def test_before_the_confirmation_only_that_is_left_to_do(pool: UserPool) -> None:
    table = DyingTable(1)
    with pytest.raises(StoreUnavailable):
        accounts.sign_up(ONE, identity=pool.identity, table=table)
    with pytest.raises(AccountUnconfirmed):
        accounts.sign_up(ONE, identity=pool.identity, table=table)
    accounts.confirm(ONE.email, pool.mail.code("confirm", EMAIL), identity=pool.identity)
    assert accounts.profile(log_in(pool.identity, table), table=table).user.email == EMAIL


def test_who_an_operator_made_has_an_account_after_the_first_log_in(pool: UserPool) -> None:
    table = MemoryTable()
    pool.cognito.admin_create_user(
        UserPoolId=pool.pool, Username=EMAIL, TemporaryPassword="temporary password"
    )
    question = pool.challenge(EMAIL, "temporary password")
    # The address is the pool's, whatever the client says it is.
    tokens = accounts.answer_challenge(
        "two@example.com", question.session, password=OTHER, identity=pool.identity, table=table
    )
    user = pool.identity.verify(tokens.access_token).user
    assert accounts.profile(user, table=table).user.email == EMAIL
    assert log_in(pool.identity, table, OTHER) == user
