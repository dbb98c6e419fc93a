"""An authority that signs certificates for a relay: good ones, old ones, and ones for somebody else."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Signs. `file` is what those who trust it need (ROELAND_SMTP_CA_FILE)."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key, self._name, self._made = folder, _key(), _name("Authority"), 0
        self.file = folder / "authority.pem"
        until = datetime.now(UTC) + timedelta(days=365)
        certificate = _signed(self._name, self._key, self._name, self._key, until, authority=True)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, *, host: str = "127.0.0.1", days: float = 1) -> ssl.SSLContext:
        """For a server at this address; valid for so many days, or until so many days ago."""
        self._made += 1
        key, until = _key(), datetime.now(UTC) + timedelta(days=days)
        certificate = _signed(_name(f"relay {self._made}"), key, self._name, self._key, until, host=host)
        file = self._folder / f"relay-{self._made}.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    until: datetime,
    *,
    authority: bool = False,
    host: str = "127.0.0.1",
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=400))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(by, hashes.SHA256())
    )
