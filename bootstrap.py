"""The one place that reads settings and builds database, gateways and queue: for server, worker and command line."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.security.roles import objections_to_login
from db.session import Database, create_engine
from domain.attempts import MostAttempts
from domain.signing import Signer
from gql.context import Services
from integrations.access_tokens import AccessTokenSigner, JwtVerifier, StaticKeys
from integrations.attempt_limits import RedisAttemptLimits
from integrations.cognito_identity import CognitoIdentityProvider
from integrations.cognito_pool import CognitoPool, objections_to_pool
from integrations.cost_buckets import CostBuckets
from integrations.jwks import RemoteKeys
from integrations.local_identity import LocalIdentityProvider
from integrations.passwords import Argon2Passwords
from integrations.smtp import SmtpMailSender
from jobs.work_signal import ArqWorkSignal
from jobs.worker import WorkerParts
from server.app import ServerParts
from server.storefront_versions import StorefrontVersions
from server.trusted_documents import read_manifest

T = TypeVar("T")

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


def web(url: str) -> str:
    return checked_url(url, "https", "http")


def origins(listed: str) -> str:
    """Origins as browsers write them; one with a path is none."""
    for each in split(listed):
        parts = urlsplit(each)
        if parts.scheme not in ("http", "https") or each != f"{parts.scheme}://{parts.netloc.lower()}":
            raise ValueError("is not of the form https://host,https://host")
    return listed


def split(listed: str) -> frozenset[str]:
    return frozenset(each.strip() for each in listed.split(",")) - {""}


PostgresUrl = Annotated[str, AfterValidator(postgres)]
RedisUrl = Annotated[str, AfterValidator(redis)]
SmtpUrl = Annotated[str, AfterValidator(smtp)]
WebOrigins = Annotated[str, AfterValidator(origins)]
WebUrl = Annotated[str, AfterValidator(web)]


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
    identity_provider: Literal["local", "cognito"] = "local"
    identity_private_key_file: FilePath | None = Field(
        default=None, validate_default=True, description="PEM with the RSA key that signs access tokens"
    )
    cognito_region: str | None = Field(default=None, validate_default=True, description="AWS region of the user pool")
    cognito_user_pool_id: str | None = Field(default=None, validate_default=True, description="who keeps the accounts")
    cognito_client_secret: SecretStr | None = Field(default=None, description="of the pool's app client, if it has one")
    cognito_endpoint_url: WebUrl | None = Field(default=None, description="a stand-in for Cognito; never in production")
    identity_issuer: str | None = Field(
        default=None, description="the `iss` claim; the public URL if unset, with `cognito` the user pool"
    )
    identity_jwks_url: WebUrl | None = Field(
        default=None, description="with `cognito`, where its keys are, if elsewhere"
    )
    identity_client_id: str = "sadu-web"
    access_token_minutes: int = Field(default=15, ge=1, le=1_440, description="how long an access token is good")
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = Field(default="http://127.0.0.1:8000", description="where clients reach the API")
    web_origins: WebOrigins = Field(
        default="",
        description="origins, separated by commas, whose pages may have their refresh token in a cookie, besides the "
        "API's own hosts",
    )
    base_domain: str = Field(default="localhost", description="stores answer on {slug}.<base domain>")
    trusted_proxies: int = Field(
        default=0, ge=0, description="how many proxies stand before the API and set X-Forwarded-*"
    )
    deadline_seconds: float = Field(
        default=10.0, gt=0, description="how long a query may take; a mutation runs to its end"
    )
    cost_bucket: int = Field(default=10_000, ge=1, description="points that a client may spend on queries at once")
    cost_restore: int = Field(default=1_000, ge=1, description="points that come back to a client each second")
    auth_attempts_per_address: int = Field(
        default=60, ge=1, le=100_000, description="attempts of a kind, such as sign-ins, that an address is granted"
    )
    auth_attempts_per_account: int = Field(
        default=10, ge=1, le=100_000, description="the same at one account, wherever they come from"
    )
    introspection: bool | None = Field(
        default=None, description="tell the schema to whoever asks; by default everywhere but in production"
    )
    storefront_cache: int = Field(
        default=64, ge=0, description="megabytes of guests' answers that each process keeps; 0 keeps none"
    )
    mfa_required: bool | None = Field(
        default=None,
        description="owners, admins and operators act only in a session with a second factor; by default in production",
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

    @field_validator("identity_private_key_file", "cognito_region", "cognito_user_pool_id")
    @classmethod
    def needed_by_provider(cls, value: T, info: ValidationInfo) -> T:
        provider = "local" if info.field_name == "identity_private_key_file" else "cognito"
        if value is None and info.data.get("identity_provider") == provider:
            raise PydanticCustomError("missing", "is not set")
        return value

    @cached_property
    def pool(self) -> CognitoPool | None:
        """The user pool that keeps the accounts; None where we do."""
        if self.identity_provider == "local" or self.cognito_region is None or self.cognito_user_pool_id is None:
            return None
        secret = self.cognito_client_secret.get_secret_value() if self.cognito_client_secret else None
        return CognitoPool(
            self.cognito_region, self.cognito_user_pool_id, self.identity_client_id, secret, self.cognito_endpoint_url
        )

    @cached_property
    def issuer(self) -> str:
        return self.identity_issuer or (self.pool.issuer if self.pool else self.public_url)

    @property
    def jwks_url(self) -> str:
        """Where the keys of a user pool are."""
        return self.identity_jwks_url or (self.pool.jwks_url if self.pool else "")

    @property
    def wants_mfa(self) -> bool:
        """Whether owners, admins and operators can do nothing in a session without a second factor."""
        return self.env == "production" if self.mfa_required is None else self.mfa_required

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
    key_file = settings.identity_private_key_file
    if key_file and DEVELOPMENT_MARK in key_file.read_text(errors="replace"):
        objections.append("SADU_IDENTITY_PRIVATE_KEY_FILE is a development key")
    if settings.pool:
        objections += objections_to_pool(settings.pool, issuer=settings.issuer, jwks_url=settings.jwks_url)
    if not settings.wants_mfa:
        objections.append("SADU_MFA_REQUIRED is off")
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
    identity: LocalIdentityProvider | CognitoIdentityProvider
    verifier: JwtVerifier
    own_signer: AccessTokenSigner | None
    signal: ArqWorkSignal
    throttle: CostBuckets
    attempts: RedisAttemptLimits
    mail: SmtpMailSender

    @property
    def local(self) -> LocalIdentityProvider:
        """For the demo, in which people are signed in without their passwords."""
        if not isinstance(self.identity, LocalIdentityProvider):
            raise SystemExit("this needs SADU_IDENTITY_PROVIDER=local")
        return self.identity

    @property
    def signer(self) -> AccessTokenSigner:
        """What signs our own access tokens."""
        if self.own_signer is None:
            raise SystemExit("this needs SADU_IDENTITY_PROVIDER=local")
        return self.own_signer

    async def close(self) -> None:
        """Give back every connection."""
        if isinstance(self.identity, CognitoIdentityProvider):
            await self.identity.close()
        await self.throttle.close()
        await self.attempts.close()
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
    signal = ArqWorkSignal(settings.redis_url)
    identity = build_identity(settings, database, signal, passwords or Argon2Passwords())
    return Parts(
        settings=settings,
        database=database,
        platform_database=build_database(settings, settings.platform_database_url),
        identity=identity.provider,
        verifier=identity.verifier,
        own_signer=identity.signer,
        signal=signal,
        throttle=CostBuckets(settings.redis_url, maximum=settings.cost_bucket, restore_rate=settings.cost_restore),
        attempts=RedisAttemptLimits(
            settings.redis_url,
            secret_key=settings.secret_key.get_secret_value().encode(),
            most=MostAttempts(settings.auth_attempts_per_address, settings.auth_attempts_per_account),
        ),
        mail=SmtpMailSender(settings.smtp_url, settings.mail_from),
    )


class Identity(NamedTuple):
    """Who keeps the accounts, whose tokens are believed, and what signs them where we do."""

    provider: LocalIdentityProvider | CognitoIdentityProvider
    verifier: JwtVerifier
    signer: AccessTokenSigner | None


def build_identity(
    settings: Settings, database: Database, signal: ArqWorkSignal, passwords: Argon2Passwords
) -> Identity:
    issuer, client_id = settings.issuer, settings.identity_client_id
    secret_key = settings.secret_key.get_secret_value().encode()
    if settings.pool:
        verifier = JwtVerifier(RemoteKeys(settings.jwks_url), issuer, client_id)
        cognito = CognitoIdentityProvider(
            database, settings.pool, passwords=passwords, verifier=verifier, signal=signal, secret_key=secret_key
        )
        return Identity(cognito, verifier, None)
    pem = settings.identity_private_key_file.read_bytes() if settings.identity_private_key_file else b""
    signer = AccessTokenSigner(pem, issuer, client_id, timedelta(minutes=settings.access_token_minutes))
    local = LocalIdentityProvider(database, passwords=passwords, signer=signer, signal=signal, secret_key=secret_key)
    return Identity(local, JwtVerifier(StaticKeys(signer.public_key), issuer, client_id), signer)


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
            parts.attempts,
            Signer(settings.secret_key.get_secret_value().encode()),
            storefront_changed=versions.bump,
        ),
        versions=versions,
        answer_cache_bytes=settings.storefront_cache * 2**20,
        trusted_documents=read_manifest(settings.trusted_documents.read_bytes()) if settings.trusted_documents else {},
        cdn_seconds=settings.cdn_seconds,
        introspection=settings.introspects,
        verifier=parts.verifier,
        keys=parts.own_signer.jwks() if parts.own_signer else None,
        base_domain=settings.base_domain,
        public_url=settings.public_url,
        web_origins=split(settings.web_origins),
        trusted_proxies=settings.trusted_proxies,
        wants_mfa=settings.wants_mfa,
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
        base_domain=parts.settings.base_domain,
    )
