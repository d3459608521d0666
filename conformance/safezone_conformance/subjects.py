"""The test subjects of a run as files that a vendor imports, for hubs that are not provisioned through the API."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safezone_conformance.case import Case, plot_of
from safezone_conformance.execution import lacking
from safezone_conformance.folder import Head, write_whole
from safezone_conformance.identity import Identity
from safezone_conformance.town import Item, Maker, on_plot


def items_for(head: Head, chosen: Iterable[Case]) -> list[Item]:
    """Everything that the cases want registered."""
    settings, nonce = head.case_settings(), bytes.fromhex(head.nonce)
    found: list[Item] = []
    for case in chosen:
        if not lacking(case, settings):
            identity = Identity(nonce, case.name, settings.subjects_prefix)
            with on_plot(plot_of(case)):
                found += case.town.items(Maker(identity, settings.subjects_at))
    return found


def _cell(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(v, str | int | float) for v in value):
        return ";".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else str(value)


def write_subjects(out: Path, items: list[Item]) -> list[Path]:
    """``subjects.json`` (the body of registry:import) and a CSV for each kind; members that are objects stand as JSON."""
    paths = [out / "subjects.json"]
    write_whole(paths[0], json.dumps({"items": items}, ensure_ascii=False, indent=1) + "\n")
    for kind in dict.fromkeys(i["kind"] for i in items):
        mine = [i for i in items if i["kind"] == kind]
        columns = list(dict.fromkeys(c for i in mine for c in i if c != "kind"))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_cell(i[c]) if c in i else "" for c in columns] for i in mine])
        paths.append(out / f"subjects-{kind}.csv")
        write_whole(paths[-1], text.getvalue())
    return paths
