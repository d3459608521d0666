"""Ed25519: keys in PEM files, signatures in base64. One use each: a vendor signs its run, a lab its nonces and certificates."""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class KeyProblem(ValueError):
    """A key file that cannot be used; the message says what helps."""


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new private key, readable by its owner only; its public half beside it as ``.pub``. KeyProblem if there is one."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise KeyProblem(f"{path}: there is a key already; it is not overwritten") from None
    path.with_name(path.name + ".pub").write_text(public_text(key.public_key()) + "\n", encoding="ascii")
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """KeyProblem if it cannot be read or is no Ed25519 key."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyProblem(
            f"{path}: no private key: {error}. Make one with: safezone conform key --out {path}"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyProblem(f"{path}: not an Ed25519 key")
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """32 bytes in base64."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def fingerprint(public: str) -> str:
    """A short name of a public key for people: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()[:16]


def sign(key: Ed25519PrivateKey, content: bytes) -> str:
    return base64.b64encode(key.sign(content)).decode()


def is_signed(public: str, signature: str, content: bytes) -> bool:
    """Whether this key signed this content."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(
            base64.b64decode(signature), content
        )
    except (InvalidSignature, ValueError):
        return False
    return True
