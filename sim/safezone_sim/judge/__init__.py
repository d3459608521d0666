"""The judge: compares what guardians and the control room received with what truly happened.

A pure function over a run record; it never meets the hub. Start at ``score``; ``observable_at`` says
when a true event could be known, ``summarise`` makes summary.json, ``pool`` joins several runs.
"""

from safezone_sim.judge.evidence import observable_at
from safezone_sim.judge.explain import Explainer
from safezone_sim.judge.files import read_record, write_record
from safezone_sim.judge.intervals import wilson
from safezone_sim.judge.pooling import pool
from safezone_sim.judge.rows import Row, Stray
from safezone_sim.judge.summary import RunFacts, load_summary_schema, summarise
from safezone_sim.judge.verdicts import Scores, score

__all__ = [
    "Explainer",
    "Row",
    "RunFacts",
    "Scores",
    "Stray",
    "load_summary_schema",
    "observable_at",
    "pool",
    "read_record",
    "score",
    "summarise",
    "wilson",
    "write_record",
]
