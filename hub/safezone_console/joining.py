"""The way into a drill as a picture: a QR code with the pages' address and the join code. It decides nothing about who may see it."""

import io
from urllib.parse import urlsplit

import segno

from safezone_console.settings import LOCAL_NAMES


def address_to_join(asked_at: str, others: str) -> str:
    """Where other devices open the pages: what the asking browser used, or, if only this machine knows that, the network's address.

    ``asked_at`` is a base address as ``http://host:port``; empty if no other device can reach the pages.
    """
    return others if urlsplit(asked_at).hostname in LOCAL_NAMES else asked_at


def join_link(address: str, code: str) -> str:
    """The first page with the code filled in; behind the #, so that it is in no server's log."""
    return f"{address}/#code={code}"


def qr_svg(text: str) -> bytes:
    """The text as a QR code, an SVG with the quiet zone that readers need."""
    picture = io.BytesIO()
    segno.make(text, micro=False, error="m").save(picture, kind="svg", scale=4, border=4, light="#fff")
    return picture.getvalue()
