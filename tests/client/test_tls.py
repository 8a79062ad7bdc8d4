"""HTTPS: whom the client believes."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import script
from tests.require import require

ASK = """
import sys
from jupyter_dotscience.api.problems import DotscienceError
from jupyter_dotscience.client import Client
try:
    print(Client(sys.argv[1], retry_for=0).get_version().version)
except DotscienceError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody knows, with its key."""
    require(shutil.which("openssl") is not None, "the program openssl (Debian: apt-get install openssl)")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem", "-days", "2", "-subj", "/CN=hub"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "certificate.pem"


@pytest.fixture
def url(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with script.serve(tls=context) as hub:
        hub.play(script.json({"version": "seen", "api": 1, "protocol": 1}))
        yield hub.url.replace("http:", "https:")


def ask(url: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ASK, url], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_an_unknown_certificate_is_refused(url: str) -> None:
    """Without being told to trust it, nothing is sent, and the sentence says why."""
    assert ask(url) == f"The identity of {url} cannot be verified (self-signed certificate)."


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_environment_names_certificates(url: str, certificate: Path, variable: str) -> None:
    """The variables that other programs know are honoured."""
    assert ask(url, **{variable: str(certificate)}) == "seen"


def test_a_certificate_of_another_host_is_refused(url: str, certificate: Path) -> None:
    """A trusted certificate serves for the names in it only."""
    other = url.replace("127.0.0.1", "localhost")
    assert "cannot be verified" in ask(other, SSL_CERT_FILE=str(certificate))


def test_a_missing_bundle_is_said(url: str) -> None:
    """A variable that names no file is not ignored, nor blamed on the hub."""
    assert "REQUESTS_CA_BUNDLE names /none" in ask(url, REQUESTS_CA_BUNDLE="/none")


def test_plain_http_to_a_tls_port_is_an_error(url: str) -> None:
    """It is one sentence, too."""
    assert "broke" in ask(url.replace("https:", "http:"))
