"""Bulk import of the registry from a school's spreadsheet, saved as CSV.

    bytes -> sheet.py: text, header, rows -> columns.py: cells to values -> kinds.py: rows to items -> Parsed

All of it or nothing: with one error there are no items. Every error is listed, with line, column, what was
found there (personal values shortened) and what helps. Nothing is stored here, and no clock is read; a dry run
is the same call without storing what comes out.
"""

from safezone_hub.importing.columns import COLUMNS, KINDS, Column
from safezone_hub.importing.draft import Credential
from safezone_hub.importing.faults import Error
from safezone_hub.importing.known import KnownIds
from safezone_hub.importing.reading import Parsed, read_csv
from safezone_hub.importing.sheet import BYTES_MAX, CELL_MAX, ROWS_MAX
from safezone_hub.importing.writing import credentials_csv, describe, errors_csv, template

__all__ = [
    "BYTES_MAX",
    "CELL_MAX",
    "COLUMNS",
    "KINDS",
    "ROWS_MAX",
    "Column",
    "Credential",
    "Error",
    "KnownIds",
    "Parsed",
    "credentials_csv",
    "describe",
    "errors_csv",
    "read_csv",
    "template",
]
