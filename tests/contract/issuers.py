"""A fresh issuer of every kind, behind the port that it serves."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.database import Database
from embedded.identity import LocalIdentity
from promptpilot.ports.identity import Identity
from tests.contract.user_pools import Cognito, user_pool

EMAIL = "one@example.com"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Issuer:
    """An `Identity`, and how somebody who has signed up becomes somebody who can log in."""

    identity: Identity
    confirm: Callable[[str], None]

    def newcomer(self, email: str = EMAIL, password: str = PASSWORD) -> str:
        """Somebody who can log in; their user id."""
        user = self.identity.sign_up(email, password).user
        self.confirm(email)
        return user


@contextmanager
def local_issuer(_: Cognito, folder: Path) -> Iterator[Issuer]:
    with closing(Database(folder / "identity.db")) as database:
        yield Issuer(LocalIdentity(database, folder), lambda _: None)


@contextmanager
def cognito_issuer(cognito: Cognito, _: Path) -> Iterator[Issuer]:
    pool = user_pool(cognito)

    def confirm(email: str) -> None:
        pool.identity.confirm(email, pool.mail.code("confirm", email))

    yield Issuer(pool.identity, confirm)


ISSUERS = {"local": local_issuer, "cognito": cognito_issuer}
