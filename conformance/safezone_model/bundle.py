"""Writes a self-contained copy of the standard for vendors: schemas, API documents in one piece each, examples, the text.

The bundled API documents hold every schema inside themselves, so that tools which follow no ``urn:`` can read them.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from safezone_model.catalogue import requirements
from safezone_model.document import standard, standard_html
from safezone_model.figures import LANGUAGES
from safezone_model.loader import load_schema

_ROOT = files("safezone_model")
_COMMON = "urn:safezone:v1:common#/$defs/"
_AS_THEY_ARE = (
    "schemas",
    "examples",
    "messages.json",
    "services.json",
    "registry.json",
    "wire.json",
    "law.toml",
)


def _component(ref: str) -> str | None:
    """Name, as a component, of the schema that a reference means; None if it lies in the document already."""
    if ref.startswith(_COMMON):
        return f"common.{ref.removeprefix(_COMMON)}"
    if ref.startswith("schemas/"):
        path, _, inner = ref.removeprefix("schemas/").partition("#/$defs/")
        name = path.removesuffix(".json").replace("/", ".")
        return f"{name}.{inner}" if inner else name
    return None


def _schema(component: str) -> Any:
    folder, _, rest = component.partition(".")
    if folder == "common":
        return load_schema("common")["$defs"][rest]
    return load_schema(f"{folder}/{rest}" if rest else folder)


def self_contained(document: Mapping[str, Any]) -> dict[str, Any]:
    """An API document with every schema it refers to inside ``components/schemas``."""
    taken: dict[str, Any] = {}

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(inner) for inner in node]
        if not isinstance(node, Mapping):
            return pointer(node) if isinstance(node, str) and node.startswith("schemas/") else node
        return {
            k: pointer(v) if k == "$ref" else walk(v) for k, v in node.items() if k not in ("$id", "$schema")
        }

    def pointer(ref: str) -> str:
        component = _component(ref)
        if component is None:
            return ref
        if component not in taken:
            taken[component] = {}
            taken[component] = walk(_schema(component))
        return f"#/components/schemas/{component}"

    whole: dict[str, Any] = walk(document)
    components = dict(whole["components"])
    components["schemas"] = dict(components.get("schemas", {})) | dict(sorted(taken.items()))
    return whole | {"components": components}


def write_bundle(out: Path) -> list[Path]:
    """Write the bundle into a directory that is new or empty. Returns its files. FileExistsError otherwise."""
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    out.mkdir(parents=True, exist_ok=True)
    for name in _AS_THEY_ARE:
        with as_file(_ROOT / name) as source:
            if source.is_dir():
                shutil.copytree(source, out / name)
            else:
                shutil.copy(source, out / name)
    texts = {
        "requirements.json": json.dumps([asdict(r) for r in requirements()], ensure_ascii=False, indent=2)
    }
    for name in ("openapi", "asyncapi"):
        document = json.loads((_ROOT / f"{name}.json").read_text(encoding="utf-8"))
        texts[f"{name}.json"] = json.dumps(self_contained(document), ensure_ascii=False, indent=2)
    for lang in LANGUAGES:
        texts[f"standard.{lang}.md"] = standard(lang)
        texts[f"standard.{lang}.html"] = standard_html(lang)
    for name, text in texts.items():
        (out / name).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    written = sorted(p for p in out.rglob("*") if p.is_file())
    sums = "".join(
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(out).as_posix()}\n" for p in written
    )
    (out / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return [*written, out / "SHA256SUMS"]
