"""The keys that access tokens are signed with: Ed25519, made on first use, kept in a file that only
its owner may read.
"""

import base64
import hashlib
import os
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from promptpilot.clock import epoch_ms
from promptpilot.domain.identity import Claims
from promptpilot.errors import Unauthenticated

ALGORITHM = "EdDSA"
ISSUER = "promptpilot"
AUDIENCE = "promptpilot-api"
LEEWAY_SECONDS = 0
"""Issuer and verifier share a clock."""

_REQUIRED = ("exp", "iat", "iss", "aud", "sub")


class SigningKeys:
    """Signs access tokens and verifies them. The algorithm is pinned, whatever a token says."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key()
        self._id = _thumbprint(self._public)

    @classmethod
    def load(cls, path: Path) -> "SigningKeys":
        """The keys in `path`, made now unless they are there."""
        if not path.exists():
            _write_private(path, _pem(Ed25519PrivateKey.generate()))
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{path} does not hold an Ed25519 key")
        return cls(key)

    @property
    def jwks(self) -> dict[str, object]:
        """The public key as a JSON Web Key Set."""
        key = {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _base64url(_raw(self._public)),
            "kid": self._id,
            "alg": ALGORITHM,
            "use": "sig",
        }
        return {"keys": [key]}

    def sign(self, user: str, seconds: int, token_id: str) -> str:
        """An access token for the user that is good for so many seconds."""
        now = epoch_ms() // 1000
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user,
            "iat": now,
            "exp": now + seconds,
            "jti": token_id,
        }
        return jwt.encode(claims, self._private, ALGORITHM, headers={"kid": self._id})

    def verify(self, token: str) -> Claims:
        """The claims of a token that these keys signed and that is still good. Raises
        `Unauthenticated`.
        """
        try:
            if jwt.get_unverified_header(token).get("kid") != self._id:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": [*_REQUIRED]},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated from error
        if claims["exp"] * 1000 <= epoch_ms():
            raise Unauthenticated
        return Claims(user=claims["sub"], expires_at=claims["exp"])


def _thumbprint(key: Ed25519PublicKey) -> str:
    # RFC 7638: members in order, no spaces.
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{_base64url(_raw(key))}"}}'
    return _base64url(hashlib.sha256(members.encode()).digest())


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _write_private(path: Path, data: bytes) -> None:
    """Write a file that is its owner's alone from the first moment, and never half there."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
