"""Runs nginx with deploy/nginx.conf, its ports and paths filled in."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.conftest import Certificate
from tests.processes import program, shipped


def nginx(
    port: int, upstream_port: int, certificate: Certificate, folder: Path, replaced: Mapping[str, str] | None = None
) -> list[str]:
    """Write the configuration of nginx, and return its command line.

    :param port: the port of nginx.
    :param upstream_port: the port of the server behind it.
    :param replaced: line of deploy/nginx.conf -> its replacement.
    """
    fill = {
        **(replaced or {}),
        "127.0.0.1:5000": f"127.0.0.1:{upstream_port}",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen [::]:443 ssl;": "",
        "server_name ivr.example.com;": "server_name localhost;",
        "/etc/letsencrypt/live/ivr.example.com/fullchain.pem": str(certificate.chain),
        "/etc/letsencrypt/live/ivr.example.com/privkey.pem": str(certificate.key),
        "/var/log/nginx/": f"{folder}/",
    }
    (folder / "ivrkit.conf").write_text(shipped("nginx.conf", fill), encoding="utf-8")
    modules = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    main_config = [
        "user root;" if os.geteuid() == 0 else "",  # otherwise its workers could not enter the folder of the test
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;",
        "events { }",
        "http {",
        *(f"{module}_temp_path {folder}/{module};" for module in modules),
        f"include {folder}/ivrkit.conf;",
        "}",
    ]
    (folder / "nginx.conf").write_text("\n".join(main_config), encoding="utf-8")
    return [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
