"""Certificate authorities and certificates of a test's own, and folders that change as a kubelet changes them."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PKCS#8."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class Authority:
    """An authority that issues certificates for this machine and for clients."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )
        builder = self._builder(self.name, self.key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.certificate = builder.add_extension(usage, True).sign(self.key, hashes.SHA256())

    def _builder(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        called = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])  # noqa: E731
        return (
            x509.CertificateBuilder()
            .subject_name(called(name)).issuer_name(called(self.name)).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        )

    def issue(self, name: str, client: bool = False) -> tuple[bytes, bytes]:
        """A certificate and its key, in PEM; a server's is for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = self._builder(name, key).add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(here, False).add_extension(x509.ExtendedKeyUsage([purpose]), False)
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM), pem(key)

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class Secret:
    """A folder as the kubelet mounts a Secret: each file a link into `..data`, itself a link that is swapped."""

    folder: Path
    version: int = 0

    def put(self, **files: bytes) -> None:
        """All files at once; `_` in a name stands for a dot."""
        self.version += 1
        hidden = self.folder / f"..version_{self.version}"
        hidden.mkdir(parents=True)
        for name, content in files.items():
            (hidden / name.replace("_", ".")).write_bytes(content)
            link = self.folder / name.replace("_", ".")
            if not link.is_symlink():
                link.symlink_to(Path("..data") / link.name)
        fresh = self.folder / "..data_tmp"
        fresh.symlink_to(hidden.name)
        fresh.rename(self.folder / "..data")

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)
