"""Which proxy a request goes through: the one that was given, or what the system says."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

from soapkit.transport.hops import parts_of


def proxy_for(url: str, proxy: str | None) -> str | None:
    """The URL of the proxy for `url`, or None for none.

    `proxy`: one for every address; ``""`` for none at all; None for HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or
    the settings of Windows and macOS.
    """
    if proxy is not None:
        return proxy or None
    proxies = getproxies()
    if not proxies:
        return None
    parts = parts_of(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")
