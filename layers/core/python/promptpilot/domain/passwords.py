"""What a password must be, wherever it is kept; `domain.identity.NewPassword` says how long."""

from promptpilot.errors import Invalid

FEWEST_DIFFERENT = 3
"""Letters of a password."""


def check_password(password: str, email: str) -> None:
    """Raise `Invalid` for one that is too easy; `email` in its normal form."""
    plain = password.strip().casefold()
    if len(set(plain)) < FEWEST_DIFFERENT:
        raise Invalid(reason="The password is the same few letters again and again.")
    if plain in {email, email.partition("@")[0]}:
        raise Invalid(reason="The password is the email address.")
