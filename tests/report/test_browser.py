"""The report in a real browser, with the network denied: its buttons and its search work."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from safezone_sim.report import write_report

from tests.report.test_report import day, summary_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# What a reader would do: choose English, then look for a child's id, and leave a trace in the title.
READER = """<script>
document.querySelector('[data-lang="only-en"]').click();
const find = document.getElementById('find');
find.value = 'no such child anywhere'; find.oninput();
const none = document.querySelectorAll('tr.case:not([hidden])').length;
find.value = ''; find.oninput();
const all = document.querySelectorAll('tr.case:not([hidden])').length;
const korean = [...document.querySelectorAll('h2')].filter(h => h.offsetParent !== null).length;
document.title = ['seen', document.body.className, none, all, korean].join('|');
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_language_and_search_work_in_a_browser_without_network(tmp_path: Path) -> None:
    run = day()
    record = run.record()
    page = write_report(tmp_path, record, summary_of(run))
    text = page.read_text(encoding="utf-8")
    assert text.count("</body>") == 1
    page.write_text(text.replace("</body>", READER + "</body>"), encoding="utf-8")
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", f"--user-data-dir={tmp_path}/profile",
            "--virtual-time-budget=5000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    assert "Uncaught" not in done.stderr, done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.S)
    assert title is not None
    seen, language, none, everything, headings = title.group(1).split("|")
    assert (seen, language, none) == ("seen", "only-en", "0")
    assert int(everything) > 0
    assert int(headings) >= 6
