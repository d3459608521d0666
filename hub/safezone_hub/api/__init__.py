"""HTTP: the standard's OpenAPI document, served. Thin: it asks the engine, on whose thread every answer is made.

``app`` wires, ``guard`` decides and records, one module a resource, ``sse`` streams; ``document`` is the
standard's own document, against which bodies are checked. Errors are problem+json (RFC 9457).
"""

from safezone_hub.api.app import build_api
from safezone_hub.api.limits import Limits, Rate
from safezone_hub.api.server import HttpServer, Tls, http_server
from safezone_hub.api.services import About

__all__ = ["About", "HttpServer", "Limits", "Rate", "Tls", "build_api", "http_server"]
