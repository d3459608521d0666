"""The proofs live in tests/bench, whose modules are scripts beside each other: here they are put on the path."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCH = str(Path(__file__).parents[1] / "bench")
if BENCH not in sys.path:
    sys.path.insert(0, BENCH)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: a database server that runs as another user could not come there."""
    made = Path(tempfile.mkdtemp(prefix="safezone-faults-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
