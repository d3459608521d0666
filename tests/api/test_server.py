"""The HTTP server itself: TLS, ports, and the end."""

import socket
import ssl
from pathlib import Path

import httpx
import pytest
import trustme
from safezone_hub.api import Tls, http_server
from starlette.applications import Starlette

from tests.api.town import TOKEN, running


def certificate(folder: Path) -> tuple[Tls, ssl.SSLContext]:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    cert, key = folder / "hub.pem", folder / "hub.key"
    for n, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(cert, append=n > 0)
    issued.private_key_pem.write_to_path(key)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return Tls(cert, key), trusting


def test_hub_speaks_tls_and_nothing_else_on_that_port(tmp_path: Path) -> None:
    tls, trusting = certificate(tmp_path)
    with running(tmp_path / "state", tls=tls, verify=trusting) as town:
        assert town.base.startswith("https://")
        answer = town.call("admin", "GET", "/v1/children/nobody/position")
        assert answer.status_code == 404
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate.verify.failed"):
            httpx.get(f"{town.base}/v1/hub")
        with pytest.raises(httpx.HTTPError):
            httpx.get(
                town.base.replace("https", "http") + "/v1/me", headers={"authorization": f"Bearer {TOKEN}"}
            )
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.deprecated_call():
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        port = town.hub.http.port
        with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(plain)


def test_a_bad_certificate_is_told_before_anything_listens(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = certificate(tmp_path / "other")
    for bad in (Tls(tmp_path / "none.pem", tls.key), Tls(tls.cert, other.key), Tls(tls.key, tls.cert)):
        with pytest.raises(ValueError, match="PEM"):
            http_server(Starlette(), "127.0.0.1", 0, bad)


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            http_server(Starlette(), "127.0.0.1", taken.getsockname()[1])
