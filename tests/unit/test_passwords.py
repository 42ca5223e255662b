"""Which passwords are none."""

import pytest

from promptpilot.domain.passwords import check_password
from promptpilot.errors import Invalid

EMAIL = "one@example.com"


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaa", "abababababab", "AaAaBbAaBb", EMAIL, " ONE@example.com ", "one", "  One  "],
)
def test_a_password_that_is_none_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        check_password(password, EMAIL)


@pytest.mark.parametrize("password", ["correct horse battery", "abcabcabcabc", f"{EMAIL}!"])
def test_others_are_not(password: str) -> None:
    check_password(password, EMAIL)
