"""Fixtures for the tests of deploy/: programs that end with the tests, a certificate, and a clean environment."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from tests.processes import Running, environment

Start = Callable[..., Running]


class Certificate(NamedTuple):
    """The files of a certificate for ``localhost``, and of the authority that issued it."""

    chain: Path
    key: Path
    authority: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate that only these tests trust."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = Certificate(folder / "fullchain.pem", folder / "privkey.pem", folder / "authority.pem")
    for pem in issued.cert_chain_pems:
        pem.write_to_path(files.chain, append=True)
    issued.private_key_pem.write_to_path(files.key)
    authority.cert_pem.write_to_path(files.authority)
    return files


@pytest.fixture(scope="module", autouse=True)
def _environment(certificate: Certificate) -> Iterator[None]:
    """Trust the certificate, as Twilio trusts a public one, and remove all settings from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate.authority))
        for name in os.environ:
            if name.startswith(("IVRKIT_", "TWILIO_", "FLASK_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Return a function that starts a program and waits until it answers. The programs end with the tests."""
    started: list[Running] = []

    def start(
        command: Sequence[str], health: str, environ: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> Running:
        working_folder = folder or tmp_path_factory.mktemp("work")
        started.append(Running(command, working_folder, environment(**(environ or {})), health))
        return started[-1].wait()

    yield start
    for each in reversed(started):
        each.clear()
