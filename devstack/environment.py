"""The `SADU_*` settings of the development command: what is set already stays, the rest points at embedded parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from db.security.roles import APP, OWNER, PLATFORM, Logins
from devstack.files import keep_secret, write_private
from devstack.object_store import BUCKET
from devstack.ports import LOOPBACK
from devstack.stack import ALL_PARTS, Addresses

DATABASE = "sadu"
MARK = "sadu-development"
"""In every key that is made here, so that production can refuse it; `bootstrap` looks for the same."""
# Setting one of these names a part of your own, and the embedded one is not started.
REPLACED_BY = {
    "postgres": ("SADU_DATABASE_URL", "SADU_ADMIN_DATABASE_URL"),
    "redis": ("SADU_REDIS_URL",),
    "s3": ("SADU_S3_URL",),
    "mail": ("SADU_SMTP_URL",),
}
DATABASE_LOGINS = ("SADU_DATABASE_URL", "SADU_OWNER_DATABASE_URL", "SADU_PLATFORM_DATABASE_URL")


class IncompleteSettingsError(ValueError):
    """Some settings were given without others that belong to them; the message names these."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the database is. Without `admin_url` it is somebody else's and its roles are taken as they are."""

    admin_url: str | None
    name: str
    logins: Logins
    variables: Mapping[str, str]


def embedded_parts(given: Mapping[str, str]) -> frozenset[str]:
    """The parts that no setting replaces."""
    return frozenset(part for part in ALL_PARTS if not any(given.get(name) for name in REPLACED_BY[part]))


def database_settings(given: Mapping[str, str], addresses: Addresses, directory: Path) -> DatabaseSettings:
    """The logins as given, or logins of our own on the given or embedded server.

    Raises:
        IncompleteSettingsError: one of the three database URLs is set and another is not.
    """
    if given.get("SADU_DATABASE_URL"):
        return _given_database(given)
    admin_url = given.get("SADU_ADMIN_DATABASE_URL") or addresses.postgres_admin_url
    logins = Logins(
        owner_password=keep_secret(directory / "owner.password"),
        app_password=keep_secret(directory / "app.password"),
        platform_password=keep_secret(directory / "platform.password"),
    )
    passwords = {APP: logins.app_password, OWNER: logins.owner_password, PLATFORM: logins.platform_password}
    urls = [_login_url(admin_url, role, password) for role, password in passwords.items()]
    variables = {**dict(zip(DATABASE_LOGINS, urls, strict=True)), "SADU_ADMIN_DATABASE_URL": admin_url}
    return DatabaseSettings(admin_url, DATABASE, logins, variables)


def part_settings(addresses: Addresses) -> dict[str, str]:
    """The settings that lead to the embedded parts that run."""
    settings = {
        "SADU_REDIS_URL": addresses.redis_url,
        "SADU_SMTP_URL": addresses.smtp_url,
        "SADU_S3_URL": addresses.s3_url,
        "SADU_S3_ACCESS_KEY": addresses.s3_access_key,
        "SADU_S3_SECRET_KEY": addresses.s3_secret_key,
        "SADU_S3_BUCKET": BUCKET if addresses.s3_url else "",
        "SADU_MEDIA_URL": addresses.media_url,
    }
    return {name: value for name, value in settings.items() if value}


def process_settings(given: Mapping[str, str], directory: Path, port: int) -> dict[str, str]:
    """What the processes themselves need, keys included; they are kept in `directory` for the next run."""
    host = given.get("SADU_HOST") or LOOPBACK
    settings = {
        "SADU_ENV": "development",
        "SADU_SECRET_KEY": f"{MARK}-{keep_secret(directory / 'secret.key', size=48)}",
        "SADU_ACCESS_TOKEN_MINUTES": "720",
        "SADU_SECRETS_DIRECTORY": str(directory / "secrets"),
        "SADU_IDENTITY_PRIVATE_KEY_FILE": str(_identity_key(directory / "identity.pem")),
        "SADU_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        **{name: value for name, value in given.items() if name.startswith("SADU_") and value},
    }
    return {**settings, "SADU_HOST": host, "SADU_PORT": str(port)}


def _given_database(given: Mapping[str, str]) -> DatabaseSettings:
    missing = [name for name in DATABASE_LOGINS if not given.get(name)]
    if missing:
        raise IncompleteSettingsError(f"SADU_DATABASE_URL is set, so set {' and '.join(missing)} as well")
    app, owner, platform = (unquote(urlsplit(given[name]).password or "") for name in DATABASE_LOGINS)
    return DatabaseSettings(
        admin_url=given.get("SADU_ADMIN_DATABASE_URL") or None,
        name=urlsplit(given["SADU_DATABASE_URL"]).path.lstrip("/"),
        logins=Logins(owner_password=owner, app_password=app, platform_password=platform),
        variables={name: given[name] for name in DATABASE_LOGINS},
    )


def _login_url(admin_url: str, role: str, password: str) -> str:
    server = urlsplit(admin_url)
    place = server.netloc.rpartition("@")[2]
    return server._replace(netloc=f"{role}:{quote(password, safe='')}@{place}", path=f"/{DATABASE}").geturl()


def _identity_key(file: Path) -> Path:
    if not file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(file, f"{MARK} key, refused in production\n{pem.decode('ascii')}")
    return file
