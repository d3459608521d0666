"""One zygote of hubs for all tests of the suite in a worker."""

from collections.abc import Iterator

import pytest
from safezone_zoo.stable import Kept, Stable


@pytest.fixture(scope="session")
def stable() -> Iterator[Stable]:
    with Stable() as found:
        yield found


@pytest.fixture(scope="session")
def clean_hub(stable: Stable) -> Iterator[Kept]:
    """The bundled hub, as any vendor's."""
    with stable.hub() as kept:
        yield kept
