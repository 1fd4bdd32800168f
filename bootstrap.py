"""The one place that reads settings and builds database, gateways and queue: for server, worker and command line."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.security.roles import objections_to_login
from db.session import Database, create_engine
from gql.context import Services
from integrations.access_tokens import AccessTokenSigner, JwtVerifier, StaticKeys
from integrations.cost_buckets import CostBuckets
from integrations.local_identity import LocalIdentityProvider
from integrations.passwords import Argon2Passwords
from integrations.smtp import SmtpMailSender
from jobs.work_signal import ArqWorkSignal
from jobs.worker import WorkerParts
from server.app import ServerParts
from server.storefront_versions import StorefrontVersions
from server.trusted_documents import read_manifest

DEVELOPMENT_MARK = "sadu-development"
"""Keys made by `sadu dev` carry it, so that production can refuse them."""


def checked_url(url: str, *schemes: str) -> str:
    """The address of a part; a mistyped one is refused here, where its variable can be named."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"is not of the form {schemes[0]}://host…")
    return url


def postgres(url: str) -> str:
    return checked_url(url, "postgresql")


def redis(url: str) -> str:
    return checked_url(url, "redis", "rediss")


def smtp(url: str) -> str:
    return checked_url(url, "smtp", "smtps")


PostgresUrl = Annotated[str, AfterValidator(postgres)]
RedisUrl = Annotated[str, AfterValidator(redis)]
SmtpUrl = Annotated[str, AfterValidator(smtp)]


class OwnerSettings(BaseSettings):
    """What migrating needs: the owner's login, and the first time an administrator's and the roles' passwords."""

    model_config = SettingsConfigDict(env_prefix="SADU_", extra="ignore")

    owner_database_url: PostgresUrl = Field(description="the login that owns the tables")
    admin_database_url: PostgresUrl | None = Field(default=None, description="a login that may create roles")
    database_url: PostgresUrl | None = Field(default=None, description="the application's login, to be made")
    platform_database_url: PostgresUrl | None = Field(default=None, description="the operators' login, to be made")


class Settings(BaseSettings):
    """Everything that can be set from the environment, each name prefixed with `SADU_`. The README lists them."""

    model_config = SettingsConfigDict(env_prefix="SADU_", extra="ignore", frozen=False)

    env: Literal["development", "test", "production"] = "development"
    database_url: PostgresUrl = Field(description="the application's login, which owns nothing")
    platform_database_url: PostgresUrl = Field(description="the login that serves the operators' schema")
    owner_database_url: PostgresUrl | None = Field(
        default=None, description="the login that migrates and makes operators; serving does not need it"
    )
    pgbouncer: bool = Field(default=False, description="the database URLs lead to pgbouncer in transaction mode")
    pool_size: int = Field(default=10, ge=1, description="connections per process and login")
    statement_timeout_ms: int = Field(default=5_000, ge=1)
    redis_url: RedisUrl = Field(description="Redis or Valkey, not in cluster mode")
    smtp_url: SmtpUrl = Field(description="smtp://host:port, or smtps://user:password@host:port")
    mail_from: str = "Sadu <no-reply@sadu.localhost>"
    s3_url: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bucket: str = "sadu"
    secret_key: SecretStr = Field(
        min_length=32, description="at least 32 random bytes; mailed codes are derived from it"
    )
    identity_private_key_file: FilePath = Field(description="PEM with the RSA key that signs access tokens")
    identity_issuer: str | None = Field(default=None, description="the `iss` claim; the public URL if unset")
    identity_client_id: str = "sadu-web"
    access_token_minutes: int = Field(default=15, ge=1, le=1_440, description="how long an access token is good")
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = Field(default="http://127.0.0.1:8000", description="where clients reach the API")
    base_domain: str = Field(default="localhost", description="stores answer on {slug}.<base domain>")
    trusted_proxies: int = Field(
        default=0, ge=0, description="how many proxies stand before the API and set X-Forwarded-*"
    )
    deadline_seconds: float = Field(
        default=10.0, gt=0, description="how long a query may take; a mutation runs to its end"
    )
    cost_bucket: int = Field(default=10_000, ge=1, description="points that a client may spend on queries at once")
    cost_restore: int = Field(default=1_000, ge=1, description="points that come back to a client each second")
    introspection: bool | None = Field(
        default=None, description="tell the schema to whoever asks; by default everywhere but in production"
    )
    storefront_cache: int = Field(
        default=64, ge=0, description="megabytes of guests' answers that each process keeps; 0 keeps none"
    )
    trusted_documents: FilePath | None = Field(
        default=None, description="JSON manifest of the documents that may be asked for by their hash, and by GET"
    )
    cdn_seconds: int = Field(
        default=5,
        ge=0,
        le=3_600,
        description="how long a CDN may keep a guest's answer to a GET; 0 lets it ask each time",
    )
    graphiql: bool | None = Field(default=None, description="serve GraphiQL; by default everywhere but in production")
    allow_loopback: bool = Field(
        default=False,
        description="let production use parts on this machine's loopback, such as a pgbouncer beside the process",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @cached_property
    def issuer(self) -> str:
        return self.identity_issuer or self.public_url

    @property
    def introspects(self) -> bool:
        """Whether the schema is told to whoever asks for it."""
        return self.env != "production" if self.introspection is None else self.introspection


def password_in(url: str | None) -> str:
    """The password in a database URL, for the role that is made with it."""
    return unquote(urlsplit(url or "").password or "")


class UnfitToServe(SystemExit):
    """Settings or logins that a process must not serve with; the message names each."""

    def __init__(self, objections: list[str]) -> None:
        super().__init__("Refused to start:\n" + "\n".join(f"- {each}" for each in objections))


def objections_to_settings(settings: Settings) -> list[str]:
    """What production refuses about the settings: embedded parts and development keys."""
    urls = {
        "SADU_DATABASE_URL": settings.database_url,
        "SADU_PLATFORM_DATABASE_URL": settings.platform_database_url,
        "SADU_REDIS_URL": settings.redis_url,
        "SADU_SMTP_URL": settings.smtp_url,
        "SADU_S3_URL": settings.s3_url or "",
    }
    loopback = [] if settings.allow_loopback else [name for name, url in urls.items() if is_loopback(url)]
    objections = [f"{name} leads to an embedded part on this machine" for name in loopback]
    if DEVELOPMENT_MARK in settings.secret_key.get_secret_value():
        objections.append("SADU_SECRET_KEY is a development key")
    if DEVELOPMENT_MARK in settings.identity_private_key_file.read_text(errors="replace"):
        objections.append("SADU_IDENTITY_PRIVATE_KEY_FILE is a development key")
    if urlsplit(settings.public_url).scheme != "https":
        objections.append("SADU_PUBLIC_URL is not https")
    return objections


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


async def objections_to_logins(settings: Settings) -> list[str]:
    """Why the database logins must not serve requests, in whatever environment."""
    logins = {"SADU_DATABASE_URL": settings.database_url, "SADU_PLATFORM_DATABASE_URL": settings.platform_database_url}
    return [
        f"the login of {name} {objection}"
        for name, url in logins.items()
        for objection in await objections_to_login(url)
    ]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a process of Sadu is made of."""

    settings: Settings
    database: Database
    platform_database: Database
    identity: LocalIdentityProvider
    signer: AccessTokenSigner
    signal: ArqWorkSignal
    throttle: CostBuckets
    mail: SmtpMailSender

    async def close(self) -> None:
        """Give back every connection."""
        await self.throttle.close()
        await self.signal.close()
        await self.database.dispose()
        await self.platform_database.dispose()

    async def check_login(self) -> None:
        """Refuse to serve with a database login that could see past row-level security, and with development parts."""
        objections = await objections_to_logins(self.settings)
        if self.settings.env == "production":
            objections = [*objections_to_settings(self.settings), *objections]
        if objections:
            raise UnfitToServe(objections)


def build_parts(settings: Settings, *, passwords: Argon2Passwords | None = None) -> Parts:
    """Connects nothing yet. `passwords` lets tests hash cheaply."""
    database = build_database(settings, settings.database_url)
    signer = AccessTokenSigner(
        settings.identity_private_key_file.read_bytes(),
        settings.issuer,
        settings.identity_client_id,
        timedelta(minutes=settings.access_token_minutes),
    )
    signal = ArqWorkSignal(settings.redis_url)
    identity = LocalIdentityProvider(
        database,
        passwords=passwords or Argon2Passwords(),
        signer=signer,
        signal=signal,
        secret_key=settings.secret_key.get_secret_value().encode(),
    )
    return Parts(
        settings=settings,
        database=database,
        platform_database=build_database(settings, settings.platform_database_url),
        identity=identity,
        signer=signer,
        signal=signal,
        throttle=CostBuckets(settings.redis_url, maximum=settings.cost_bucket, restore_rate=settings.cost_restore),
        mail=SmtpMailSender(settings.smtp_url, settings.mail_from),
    )


def build_database(settings: Settings, url: str, *, pool_size: int | None = None) -> Database:
    engine = create_engine(url, pool_size=pool_size or settings.pool_size, pgbouncer=settings.pgbouncer)
    return Database(engine, statement_timeout_ms=settings.statement_timeout_ms)


def server_parts(parts: Parts) -> ServerParts:
    """Raises `UnfitDocuments` for a manifest that cannot be believed."""
    settings = parts.settings
    graphiql = settings.env != "production" if settings.graphiql is None else settings.graphiql
    # A connection of its own: behind requests that exhaust the pool, nobody would know what has changed.
    feed = build_database(settings, settings.database_url, pool_size=1)
    versions = StorefrontVersions(feed)

    async def close() -> None:
        await feed.dispose()
        await parts.close()

    return ServerParts(
        services=Services(
            parts.database,
            parts.platform_database,
            parts.identity,
            parts.signal,
            parts.throttle,
            storefront_changed=versions.bump,
        ),
        versions=versions,
        answer_cache_bytes=settings.storefront_cache * 2**20,
        trusted_documents=read_manifest(settings.trusted_documents.read_bytes()) if settings.trusted_documents else {},
        cdn_seconds=settings.cdn_seconds,
        introspection=settings.introspects,
        verifier=JwtVerifier(StaticKeys(parts.signer.public_key), settings.issuer, settings.identity_client_id),
        keys=parts.signer.jwks(),
        base_domain=settings.base_domain,
        trusted_proxies=settings.trusted_proxies,
        deadline_seconds=settings.deadline_seconds,
        graphiql=graphiql,
        start=parts.throttle.start,
        close=close,
    )


def worker_parts(parts: Parts) -> WorkerParts:
    return WorkerParts(
        database=parts.database,
        mail=parts.mail,
        secret_key=parts.settings.secret_key.get_secret_value().encode(),
        redis_url=parts.settings.redis_url,
        public_url=parts.settings.public_url,
    )
