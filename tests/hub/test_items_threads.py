"""Many threads read their first registry items at once, as when a hub has just started: nothing may bring it down."""

import subprocess
import sys

FIRST_READS = """
import json, sys, threading
from pathlib import Path
import safezone_model
from safezone_hub import items

sys.setswitchinterval(1e-6)
examples = Path(safezone_model.__file__).parent / "examples" / "registry"
bodies = [json.loads(path.read_text()) for path in sorted(examples.glob("*/valid/*.json"))]
together = threading.Barrier(24)
read = []

def first_reads(n):
    together.wait()
    read.extend(items.read_item(body).id for body in bodies[n:] + bodies[:n])

threads = [threading.Thread(target=first_reads, args=(n % 3,)) for n in range(24)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(read) == 24 * len(bodies) > 0)
"""


def test_first_items_read_by_many_threads_at_once() -> None:
    """Without care in ``items`` about one process in three of these ends by a segmentation fault."""
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", FIRST_READS], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr[-500:]
