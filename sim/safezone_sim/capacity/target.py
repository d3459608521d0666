"""Where the load goes: a broker's address and how to be let in."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Target:
    """A broker. Can be sent to another machine: the TLS context is made where it is used."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    encrypted: bool = False
    ca: str | None = None

    @classmethod
    def parse(cls, url: str, ca: str | None = None) -> "Target":
        """From ``mqtt[s]://[user:password@]host[:port]``. ValueError names what is wrong."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"--hub {url}: write mqtt://HOST:1883 or mqtts://USER:PASSWORD@HOST:8883")
        return cls(
            parts.hostname,
            parts.port or PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            parts.scheme == "mqtts",
            ca,
        )

    @property
    def url(self) -> str:
        """For people: without a password."""
        return f"mqtt{'s' if self.encrypted else ''}://{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.ca) if self.encrypted else None
