"""The standard's HTTP interface, as the twin uses it: capabilities, registry, positions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx


class HubError(RuntimeError):
    """The hub refused or did not answer; the text says what, and what to do."""


# What a hub need not know; it says so in its capabilities.
OPTIONAL_KINDS = {"streets": "registry-streets", "unit": "registry-units"}


def known_items(about: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The items that a hub takes, by its answer to ``GET /v1/hub``: an unknown kind would refuse them all."""
    capabilities = about.get("capabilities", [])
    unknown = {kind for kind, capability in OPTIONAL_KINDS.items() if capability not in capabilities}
    return [item for item in items if item["kind"] not in unknown]


class HubApi:
    """A client of any conforming hub."""

    def __init__(self, base: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=base, headers=headers, timeout=30.0)
        self.base = base

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **kwargs)
        except httpx.HTTPError as e:
            raise HubError(f"hub {self.base}: {method} {path} failed: {e}. Is the hub running there?") from e

    def about(self) -> Mapping[str, Any]:
        """``GET /v1/hub``: name, version, capabilities."""
        response = self._call("GET", "/v1/hub")
        if response.status_code != 200:
            raise HubError(f"hub {self.base}: GET /v1/hub answered {response.status_code}. Check the URL.")
        return _json(response)

    def provision(self, items: Sequence[Mapping[str, Any]]) -> int:
        """``POST /v1/registry:import``: all or nothing. Returns how many were stored."""
        response = self._call("POST", "/v1/registry:import", json={"items": list(items)})
        if response.status_code == 401:
            raise HubError(f"hub {self.base}: the token was refused. Give --hub-token or SAFEZONE_HUB_TOKEN.")
        if response.status_code >= 300:
            errors = (
                response.json().get("errors", [])
                if "json" in response.headers.get("content-type", "")
                else []
            )
            first = "; ".join(str(e) for e in errors[:3]) or response.text[:300]
            raise HubError(f"hub {self.base}: registry import refused ({response.status_code}): {first}")
        return int(_json(response).get("stored", 0))

    def put(self, item: Mapping[str, Any]) -> None:
        """``PUT /v1/registry/{kind}/{id}``."""
        response = self._call("PUT", f"/v1/registry/{item['kind']}/{item['id']}", json=dict(item))
        if response.status_code >= 300:
            raise HubError(f"hub {self.base}: {item['kind']} {item['id']} refused: {response.text[:300]}")

    def position(self, child: str) -> Mapping[str, Any] | None:
        """Where the hub says the child is now; None if it cannot say."""
        response = self._call("GET", f"/v1/children/{child}/position")
        if response.status_code != 200:
            return None
        return _json(response)

    def path(self, child: str) -> list[Mapping[str, Any]] | None:
        """The child's path of the day; None if it cannot say."""
        response = self._call("GET", f"/v1/children/{child}/path")
        return list(_json(response).get("points", [])) if response.status_code == 200 else None

    def stats(self, zone: str) -> Mapping[str, Any]:
        """``GET /v1/zones/{zone}/stats``; empty if the hub has none."""
        response = self._call("GET", f"/v1/zones/{zone}/stats")
        return _json(response) if response.status_code == 200 else {}


def _json(response: httpx.Response) -> Mapping[str, Any]:
    """The answer's JSON object; HubError names the call if it is none."""
    try:
        body = response.json()
    except ValueError as e:
        raise HubError(
            f"{response.request.method} {response.request.url}: the answer is not JSON ({e})."
        ) from e
    if not isinstance(body, dict):
        raise HubError(f"{response.request.method} {response.request.url}: the answer is not a JSON object.")
    return body
