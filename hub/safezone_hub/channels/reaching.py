"""Where a webhook may connect to. The name is resolved here, the result is checked, and the connection
goes to the checked address: a name that changes its mind between check and connection gains nothing."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import Executor
from ipaddress import IPv4Address, IPv6Address

import httpcore

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(Exception):
    """The name leads where no webhook may go."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address, and any IPv4 address wrapped in it, is one of the open internet."""
    if isinstance(address, IPv6Address):
        wrapped = _wrapped(address)
        if wrapped is not None:
            return is_public(wrapped)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def is_reachable(address: IPv4Address | IPv6Address) -> bool:
    """Whether anything may ever be sent there. ``0.0.0.0`` means «this machine» to most systems."""
    wrapped = _wrapped(address) if isinstance(address, IPv6Address) else None
    address = wrapped or address
    return not (address.is_unspecified or address.is_multicast)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or int(address) < 1 << 32:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses, and to private ones only if ``allow_private``; ``only_private``
    shuts out the public ones (for plain HTTP). Raises ForbiddenAddress; ConnectError as httpcore does."""

    def __init__(self, executor: Executor, *, allow_private: bool, only_private: bool = False) -> None:
        self._executor, self._allow_private, self._only_private = executor, allow_private, only_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolve(host, port, timeout)
        # All of them must be allowed: a name with one foot inside is no honest receiver.
        for address in addresses:
            self._check(address)
        for number, address in enumerate(addresses, start=1):
            try:
                share = None if timeout is None else timeout / len(addresses)
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpcore.ConnectError("no address")

    async def _resolve(self, host: str, port: int, timeout: float | None) -> list[str]:
        """At most four addresses. On an executor of its own: a resolver that hangs blocks only its caller."""
        loop = asyncio.get_running_loop()
        lookup = loop.run_in_executor(
            self._executor, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        try:
            async with asyncio.timeout(timeout):
                found = await lookup
        except TimeoutError:
            raise httpcore.ConnectTimeout("name not resolved in time") from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("name not resolved") from error
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))[:4]

    def _check(self, text: str) -> None:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not is_reachable(address):
            raise ForbiddenAddress("not an address of one machine")
        if is_public(address):
            if self._only_private:
                raise ForbiddenAddress("plain http to the open internet")
        elif not self._allow_private:
            raise ForbiddenAddress("private address")
