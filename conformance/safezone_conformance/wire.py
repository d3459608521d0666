"""The suite's own reading and writing of the wire: bytes, MAC, JSON Schema. No codec of any hub.

Shapes are judged with jsonschema against the model; a vendor's clever decoder and ours cannot be wrong together.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from safezone_model import MESSAGES, validator

MAC_AT_END = re.compile(rb',"mac":"([A-Za-z0-9_-]{43})"\}\Z')


class Malformed(ValueError):
    """Bytes that are no message of the standard; the message says why."""


def iso(unix_s: float) -> str:
    """Seconds since 1970 as the wire writes times, to 1 ms, in UTC."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix(text: str) -> float:
    """Seconds since 1970 of a time of the wire. ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return moment.timestamp()


def mac(key: bytes, topic: str, body: bytes) -> str:
    """Of the bytes before ``,"mac":``."""
    digest = hmac.digest(key, topic.encode() + b"\n" + body, "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def seal(key: bytes, topic: str, head: bytes) -> bytes:
    """A whole payload from a JSON object without its closing brace."""
    return head + f',"mac":"{mac(key, topic, head)}"}}'.encode()


def encode(envelope: Mapping[str, Any]) -> bytes:
    """An envelope's JSON without its closing brace, ready for ``seal``."""
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()[:-1]


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a member occurs twice")
    return members


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is no JSON")


def parse(payload: bytes) -> dict[str, Any]:
    """The JSON object of a payload. Malformed says which rule of 4.2 it breaks."""
    try:
        value = json.loads(
            payload.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


@cache
def _validator(name: str) -> Draft202012Validator:
    return validator(name)


def breaches(schema: str, value: Any) -> list[str]:
    """What a value does not satisfy of a schema of the model, as ``pointer: message``."""
    errors = sorted(_validator(schema).iter_errors(value), key=lambda e: [str(p) for p in e.absolute_path])
    return ["/" + "/".join(map(str, e.absolute_path)) + f": {e.message[:200]}" for e in errors]


def breaches_of_message(envelope: Mapping[str, Any]) -> list[str]:
    """As ``breaches``, of the whole: envelope, type and data."""
    found = breaches("envelope", envelope)
    type_ = envelope.get("type")
    if type_ not in MESSAGES:
        return [*found, f"/type: {type_!r} is no message of the standard"]
    return found + [f"/data{line}" for line in breaches(f"messages/{type_}", envelope.get("data"))]


def mac_is_right(key: bytes, topic: str, payload: bytes) -> bool:
    """Whether the payload ends with the mac of its own bytes."""
    match = MAC_AT_END.search(payload)
    if match is None:
        return False
    return hmac.compare_digest(match[1].decode(), mac(key, topic, payload[: match.start()]))
