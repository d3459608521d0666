"""The HTTP server: one listening socket, with TLS when there is a certificate, on a thread of its own."""

import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

GRACE_S = 3
BACKLOG = 1024


@dataclass(frozen=True)
class Tls:
    """Files in PEM: the certificate (its chain in the same file) and its key."""

    cert: Path
    key: Path

    def check(self) -> None:
        """ValueError when the files are no certificate with its key."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(
                f"{self.cert}, {self.key}: no certificate with its key ({error}); give PEM files"
            ) from None


class HttpServer:
    """Listens on construction; connections wait until ``start``."""

    def __init__(self, app: ASGIApp, host: str, port: int, tls: Tls | None) -> None:
        if tls is not None:
            tls.check()
        self._app, self.host, self.scheme = app, host, "https" if tls is not None else "http"
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind((host, port))
        except OSError:
            self._listener.close()
            raise
        self._listener.listen(BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=str(tls.cert) if tls is not None else None,
            ssl_keyfile=str(tls.key) if tls is not None else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="http", daemon=True
        )

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take nothing more, end the streams, finish what is begun."""
        services = getattr(getattr(self._app, "state", None), "services", None)
        if services is not None:
            services.streams.close()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=GRACE_S + 5.0)
        self._listener.close()


def http_server(app: ASGIApp, host: str, port: int, tls: Tls | None = None) -> HttpServer:
    """A server of the application; port 0 takes a free one. ValueError for a bad certificate, OSError for the port."""
    return HttpServer(app, host, port, tls)
