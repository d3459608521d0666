"""placeholder"""

from pathlib import Path
from typing import Any


def write_report(folder: Path, result: dict[str, Any]) -> Path:
    return folder / "report.html"
