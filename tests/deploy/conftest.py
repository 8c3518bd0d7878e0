"""What the tests of deploy/ share: programs that end with the test, a certificate, and a folder without settings."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from tests.processes import Running, environment

Start = Callable[..., Running]


class Certificate(NamedTuple):
    """Files of a certificate for ``localhost``, and of the authority that vouches for it."""

    chain: Path
    key: Path
    authority: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that nothing but these tests trusts."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    ours = authority.issue_cert("localhost")
    made = Certificate(folder / "fullchain.pem", folder / "privkey.pem", folder / "authority.pem")
    for piece in ours.cert_chain_pems:
        piece.write_to_path(made.chain, append=True)
    ours.private_key_pem.write_to_path(made.key)
    authority.cert_pem.write_to_path(made.authority)
    return made


@pytest.fixture(scope="module", autouse=True)
def _trusted(certificate: Certificate) -> Iterator[None]:
    """Trust the certificate, as Twilio trusts a public one; and have no setting of the machine's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate.authority))
        for name in os.environ:
            if name.startswith(("IVRKIT_", "TWILIO_", "FLASK_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Return what starts a program and waits until it answers; what is left of it is ended with the tests."""
    started: list[Running] = []

    def start(
        command: Sequence[str], health: str, environ: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> Running:
        where = folder or tmp_path_factory.mktemp("work")
        started.append(Running(command, where, environment(**(environ or {})), health))
        return started[-1].wait()

    yield start
    for each in reversed(started):
        each.clear()
