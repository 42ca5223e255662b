"""A key that is being checked, as it is kept among the secrets meanwhile."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key, and the check that it is meant for: there is room for one candidate of a vendor, and
    who finds it has to know whether it is still theirs.
    """

    check: str
    key: SecretStr

    @property
    def secret(self) -> SecretStr:
        """Both as one secret."""
        return SecretStr(f"{self.check} {self.key.get_secret_value()}")

    @classmethod
    def of(cls, secret: SecretStr) -> "Candidate":
        """Both out of one secret."""
        check, _, key = secret.get_secret_value().partition(" ")
        return cls(check, SecretStr(key))
