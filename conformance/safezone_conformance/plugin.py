"""The suite as a pytest plugin: ``pytest --pyargs safezone_conformance --safezone-ics F --safezone-ixit F``.

Cases mostly wait, so each worker runs its whole share at once in lanes, and pytest's items fetch the results. With xdist
the shares are fixed beforehand; cases that restart the system are all in one share, and wait for the others.
"""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from safezone_conformance.case import Case

SHARE = "share"
HOOK_RELAY = "safezone_hook_relay"


_RELAY = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("safezone", "u-Seoul Safe Zone conformance suite")
    group.addoption("--safezone-ics", metavar="FILE", help="ICS: what the system under test claims")
    group.addoption("--safezone-ixit", metavar="FILE", help="IXIT: how to reach it")
    group.addoption(
        "--safezone-out", metavar="DIR", default="results/conformance", help="where exchanges and verdicts go"
    )
    group.addoption(
        "--safezone-lanes", type=int, default=24, metavar="N", help="cases at a time in each worker"
    )
    group.addoption("--safezone-resume", action="store_true", help="keep verdicts that are there and decided")


def is_active(config: pytest.Config) -> bool:
    return bool(config.getoption("--safezone-ics", default=None))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if is_active(config) and getattr(config.option, "numprocesses", None):
        config.option.dist = "loadscope"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each worker gets its share, whole. (``loadgroup`` would need ``--dist`` on the command line, which workers read anew.)"""
    if not is_active(config):
        return None
    from xdist.scheduler import LoadScopeScheduling

    share_of = {case.name: share for case, share in divided(config)}

    class ShareScheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            name = nodeid.partition("[")[2].removesuffix("]")
            return share_of.get(name, nodeid)

    return ShareScheduling(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if not is_active(config) or hasattr(config, "workerinput"):
        return
    from safezone_conformance.drivers.hook_relay import HookRelay
    from safezone_conformance.folder import BadFolder
    from safezone_conformance.proforma import ProformaError, read_proformas
    from safezone_conformance.run import prepare
    from safezone_conformance.session import Unusable

    try:
        ics, ixit = read_proformas(
            Path(config.getoption("--safezone-ics")), Path(config.getoption("--safezone-ixit"))
        )
        prepare(
            ics, ixit, Path(config.getoption("--safezone-out")), resume=config.getoption("--safezone-resume")
        )
        port = int(ixit.values.get("hooks.port", 0))
        if port and shares(config) > 1:  # only one process can hold it
            relay = config.stash[_RELAY] = HookRelay(str(ixit["hooks.host"]), port)
            config.add_cleanup(relay.close)
    except (ProformaError, BadFolder, Unusable) as error:
        raise pytest.UsageError(str(error)) from None
    except OSError as error:
        raise pytest.UsageError(f"hooks.host, hooks.port: cannot listen there: {error}") from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Each worker of xdist learns of the relay."""
    if _RELAY in node.config.stash:
        node.workerinput[HOOK_RELAY] = node.config.stash[_RELAY].url


def shares(config: pytest.Config) -> int:
    """How many workers divide the cases."""
    worker = getattr(config, "workerinput", None)
    return int(worker["workercount"]) if worker else int(getattr(config.option, "numprocesses", None) or 1)


def divided(config: pytest.Config) -> "list[tuple[Case, str]]":
    """The cases of the role, each with its share; the same in every process of a run."""
    from safezone_conformance.proforma import read_ics
    from safezone_conformance.selection import chosen_for

    chosen = chosen_for(read_ics(Path(config.getoption("--safezone-ics"))))
    count = shares(config)
    # One device is one physical thing: all its cases are one worker's.
    return [
        (case, f"{SHARE}{0 if case.alone or case.role != 'hub' else position % count}")
        for position, case in enumerate(sorted(chosen, key=lambda c: (c.alone, -c.slow_s)))
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "conformance_case" not in metafunc.fixturenames:
        return
    if not is_active(metafunc.config):
        metafunc.parametrize(
            "conformance_case",
            [pytest.param(None, marks=pytest.mark.skip("needs --safezone-ics"), id="none")],
        )
        return
    marked = [
        pytest.param(case, marks=pytest.mark.xdist_group(share), id=case.name)
        for case, share in divided(metafunc.config)
    ]
    metafunc.parametrize("conformance_case", marked)


def _share_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else ""


class _Turn:
    """Workers hold it shared while they run; cases that restart the system wait until they have it alone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / ".turn").open("a")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def alone(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def give_up(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)


@pytest.fixture(scope="session")
def conformance_run(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The worker's share of cases, running since the first of them was asked for."""
    from safezone_conformance.session import Unusable
    from safezone_conformance.worker import Worker

    config = request.config
    mine = [i for i in request.session.items if "conformance_case" in getattr(i, "fixturenames", ())]
    if hasattr(config, "workerinput"):
        own = (
            _share_of(request.node.items[0])
            if not hasattr(request, "_pyfuncitem")
            else _share_of(request._pyfuncitem)
        )
        mine = [i for i in mine if _share_of(i) == own]
    chosen = [i.callspec.params["conformance_case"] for i in mine if hasattr(i, "callspec")]
    out = Path(config.getoption("--safezone-out"))
    turn = _Turn(out)
    try:
        worker = Worker(
            Path(config.getoption("--safezone-ics")), Path(config.getoption("--safezone-ixit")), out, chosen,
            lanes=config.getoption("--safezone-lanes"), before_alone=turn.alone, done=turn.give_up,
            hook_relay=getattr(config, "workerinput", {}).get(HOOK_RELAY, ""),
        )  # fmt: skip
    except Unusable as error:
        pytest.exit(str(error), returncode=2)
    yield worker
    worker.close()
    turn.give_up()
