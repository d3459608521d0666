"""De-identified statistics of a zone, for sharing between city and police.

``summarise`` counts and hides, ``to_json`` and ``to_csv`` write. Why nothing in it identifies a child: ``report``.
"""

from safezone_hub.statistics.report import THRESHOLD, Report, summarise
from safezone_hub.statistics.rows import Period
from safezone_hub.statistics.written import to_csv, to_json

__all__ = ["THRESHOLD", "Period", "Report", "summarise", "to_csv", "to_json"]
