"""nginx with the file of deploy/, its ports and paths filled in."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.conftest import Certificate
from tests.processes import program, shipped


def nginx(
    port: int, behind: int, certificate: Certificate, folder: Path, broken: Mapping[str, str] | None = None
) -> list[str]:
    """Write what nginx reads, and return its command line.

    :param broken: lines of the file, with what stands in their place.
    """
    fill = {
        **(broken or {}),
        "127.0.0.1:5000": f"127.0.0.1:{behind}",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen [::]:443 ssl;": "",
        "server_name ivr.example.com;": "server_name localhost;",
        "/etc/letsencrypt/live/ivr.example.com/fullchain.pem": str(certificate.chain),
        "/etc/letsencrypt/live/ivr.example.com/privkey.pem": str(certificate.key),
        "/var/log/nginx/": f"{folder}/",
    }
    (folder / "ivrkit.conf").write_text(shipped("nginx.conf", fill), encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    around = [
        "user root;" if os.geteuid() == 0 else "",  # or its workers could not enter the folder of the test
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;",
        "events { }",
        "http {",
        *(f"{kind}_temp_path {folder}/{kind};" for kind in kinds),
        f"include {folder}/ivrkit.conf;",
        "}",
    ]
    (folder / "nginx.conf").write_text("\n".join(around), encoding="utf-8")
    return [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
