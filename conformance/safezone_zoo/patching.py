"""Loads modules with a mutant's changes in their source. Nothing on disk is touched."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

from safezone_zoo.mutant import Change


class DoesNotFit(Exception):
    """A change whose place is not found exactly once, or whose result is no Python."""


def changed_source(source: str, changes: Sequence[Change]) -> str:
    """The source with every change made. DoesNotFit."""
    for change in changes:
        found = source.count(change.old)
        if found != 1:
            raise DoesNotFit(f"{change.module}: found {found} times, must be once: {change.old!r}")
        source = source.replace(change.old, change.new)
    return source


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, changes: Sequence[Change]) -> None:
        super().__init__(fullname, path)
        self._changes = changes

    def get_code(self, fullname: str) -> CodeType:
        source = changed_source(self.get_data(self.path).decode("utf-8"), self._changes)
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mine = [c for c in self._changes if c.module == fullname]
        if not mine:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None:
            raise DoesNotFit(f"{fullname}: no such module")
        locations = spec.submodule_search_locations
        return importlib.util.spec_from_file_location(
            fullname,
            spec.origin,
            loader=_Loader(fullname, spec.origin, mine),
            submodule_search_locations=locations,
        )


def install(changes: Sequence[Change]) -> None:
    """From now on modules load with these changes. DoesNotFit if one is loaded already."""
    for change in changes:
        if change.module in sys.modules:
            raise DoesNotFit(f"{change.module}: already loaded")
    sys.meta_path.insert(0, _Finder(changes))


def check_fit(changes: Sequence[Change]) -> None:
    """Whether the changes fit the code as it stands; loads nothing. DoesNotFit."""
    for module in {c.module for c in changes}:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise DoesNotFit(f"{module}: no such module")
        with open(spec.origin, encoding="utf-8") as file:
            source = changed_source(file.read(), [c for c in changes if c.module == module])
        try:
            compile(source, spec.origin, "exec")
        except SyntaxError as error:
            raise DoesNotFit(f"{module}: {error}") from None
