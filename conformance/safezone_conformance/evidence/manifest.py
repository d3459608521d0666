"""The manifest: every file of a run with its SHA-256, and what the run claims, under one signature."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safezone_conformance.evidence.keys import public_text, sign
from safezone_conformance.folder import dumps, write_whole

MANIFEST, SIGNATURE, CERTIFICATE = "manifest.json", "manifest.sig", "certificate.json"
OUTSIDE = {MANIFEST, SIGNATURE, CERTIFICATE}  # of the manifest itself
KIND = "self-declaration"


class BadManifest(ValueError):
    """A manifest or signature that cannot be read."""


@dataclass(frozen=True)
class Signed:
    """A manifest as it was read: its bytes, content, and the key and signature beside it."""

    raw: bytes
    content: Mapping[str, Any]
    public: str
    signature: str


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_of(folder: Path) -> dict[str, str]:
    """Every file of the folder but the manifest's own, by name, with its SHA-256. Hidden files do not count."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (
            path.is_file()
            and name not in OUTSIDE
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        ):
            found[name] = digest_of(path)
    return found


def write_manifest(folder: Path, claims: Mapping[str, Any], key: Ed25519PrivateKey) -> None:
    """List everything and sign the list."""
    text = dumps({"kind": KIND, "claims": claims, "files": files_of(folder)})
    write_whole(folder / MANIFEST, text)
    write_whole(
        folder / SIGNATURE,
        dumps({"key": public_text(key.public_key()), "signature": sign(key, text.encode())}),
    )


def read_manifest(folder: Path) -> Signed:
    """BadManifest if one of the two files is missing or malformed."""
    try:
        raw = (folder / MANIFEST).read_bytes()
        content = json.loads(raw)
        beside = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
        if not isinstance(content["files"], dict) or not isinstance(content["claims"], dict):
            raise TypeError("files or claims is no object")
        return Signed(raw, content, str(beside["key"]), str(beside["signature"]))
    except OSError as error:
        raise BadManifest(
            f"{error.filename}: {error.strerror}: the run was not finished, or files are missing"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadManifest(f"{folder}: the manifest cannot be read: {error!r}") from None
