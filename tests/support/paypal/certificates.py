"""An authority, and what it vouches for: the key that webhooks are signed with."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "messageverificationcerts.paypal.com"
DAY = timedelta(days=1)


class Authority:
    """Signs by an intermediate certificate, as authorities do."""

    def __init__(self) -> None:
        self._root_key, self._key = new_key(), new_key()
        self.root = certificate("A root", self._root_key, issuer="A root", signed_by=self._root_key, is_authority=True)
        self.intermediate = certificate(
            "An authority", self._key, issuer="A root", signed_by=self._root_key, is_authority=True
        )

    def vouch(
        self, key: rsa.RSAPrivateKey, *, name: str = NAME, begins: datetime | None = None, ends: datetime | None = None
    ) -> x509.Certificate:
        return certificate(
            name, key, issuer="An authority", signed_by=self._key, is_authority=False, begins=begins, ends=ends
        )

    def chain(self, leaf: x509.Certificate) -> bytes:
        return pem(leaf, self.intermediate)


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def certificate(
    subject: str,
    key: rsa.RSAPrivateKey,
    *,
    issuer: str,
    signed_by: rsa.RSAPrivateKey,
    is_authority: bool,
    begins: datetime | None = None,
    ends: datetime | None = None,
) -> x509.Certificate:
    now, public = datetime.now(UTC), key.public_key()
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key())
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - DAY)
        .not_valid_after(ends or now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer_key, critical=False)
        .add_extension(usage, critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signed_by, SHA256())
