"""Wires the pages: our own routes on FastAPI, and NiceGUI on the same application for the pages that are tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from safezone_console.places import Places
from safezone_console.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    """The application of one process. NiceGUI allows one a process."""
    places = Places(settings)

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await places.close()

    app = FastAPI(title="safezone pages", docs_url=None, redoc_url=None, openapi_url=None, lifespan=living)
    app.router.routes.extend(places.routes())
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    return app
