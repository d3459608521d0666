"""Wires the pages into one application. It holds nothing of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from safezone_console.places import Places
from safezone_console.settings import Settings


def build_app(settings: Settings) -> Starlette:
    """The application of one process."""
    places = Places(settings)

    @asynccontextmanager
    async def living(_app: Starlette) -> AsyncIterator[None]:
        yield
        await places.close()

    gzip = Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    return Starlette(routes=places.routes(), middleware=[gzip], lifespan=living)
