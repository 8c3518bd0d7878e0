"""The headers by which proxies, load balancers, content delivery networks and tunnels can be recognised.

No program on the machine itself sends them. So a request with one of these headers came from another machine, even if
its address is the loopback address.
"""

from __future__ import annotations

#: The names of single headers, as ``str.title`` writes them.
_NAMES = (
    *("Client-Ip", "Proxy-Client-Ip", "Remote-Ip", "Rndr-Id", "True-Client-Ip", "Via", "Wl-Proxy-Client-Ip"),
    *("Forwarded", "Forwarded-For", "Forwarded-Host", "Forwarded-Proto", "X-Forwarded"),
    *("X-Forward-For", "X-Forward-Host", "X-Forward-Proto", "X-Scheme", "X-Url-Scheme", "X-Front-End-Https"),
    *("X-Client-Ip", "X-Client-Port", "X-Cluster-Client-Ip", "X-Proxyuser-Ip", "X-Remote-Addr", "X-Remote-Ip"),
    *("X-Real-Host", "X-Real-Ip", "X-Real-Port", "X-Host", "X-Http-Host-Override", "X-Rewrite-Url"),
    *("X-Bluecoat-Via", "X-Cloud-Trace-Context", "X-Haproxy-Server-State", "X-Nginx-Proxy", "X-Proxy-Id"),
    *("X-Request-Start", "X-Served-By", "X-Sucuri-Clientip", "X-Varnish"),
)
#: The beginnings of the names of further headers.
_PREFIXES = (
    "Akamai-",
    "Cdn-",
    "Cf-",  # Cloudflare
    "Cloudfront-",
    "Fastly-",
    "Fly-",
    "Incap-",  # Imperva
    "Ngrok-",
    "Tailscale-",
    "X-Akamai-",
    "X-Amz-",
    "X-Amzn-",
    "X-Appengine-",
    "X-Arr-",  # Application Request Routing of IIS, Azure
    "X-Azure-",
    "X-Cdn-",
    "X-Cf-",
    "X-Cloudfront-",
    "X-Envoy-",
    "X-Fastly-",
    "X-Fd-",  # Azure Front Door
    "X-Forwarded-",
    "X-Goog-",
    "X-Localtunnel-",
    "X-Nf-",  # Netlify
    "X-Ngrok-",
    "X-Original-",
    "X-Pinggy-",
    "X-Railway-",
    "X-Render-",
    "X-Replit-",
    "X-Tunnel-",  # dev tunnels of Visual Studio
    "X-Vercel-",
    "X-Waws-",  # Azure App Service
)


def is_forwarding_header(name: str) -> bool:
    """Return whether a header is set only by proxies and tunnels.

    :param name: the name of the header.
    """
    name = name.title()
    return name in _NAMES or name.startswith(_PREFIXES)
