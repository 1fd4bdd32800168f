"""The settings: everything that can be set from the environment. Only `bootstrap` and the command line read them."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

T = TypeVar("T")


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
    s3_url: WebUrl | None = Field(default=None, description="an S3 other than that of AWS")
    s3_public_url: WebUrl | None = Field(
        default=None, description="where browsers reach it, if not at SADU_S3_URL: links to it are signed for there"
    )
    s3_region: str = Field(default="us-east-1", min_length=1, description="AWS region of the bucket")
    s3_bucket: str = Field(default="sadu", min_length=3, description="where files are kept")
    s3_access_key: SecretStr | None = Field(default=None, description="unset, the machine's own role is used")
    s3_secret_key: SecretStr | None = None
    media_url: WebUrl | None = Field(
        default=None, description="what serves {tenant}/media/… of the bucket to shoppers, such as a CDN"
    )
    search_engine: Literal["postgres", "elasticsearch"] = "postgres"
    elasticsearch_url: WebUrl | None = Field(
        default=None, validate_default=True, description="the cluster of tenants that have outgrown Postgres"
    )
    elasticsearch_api_key: SecretStr | None = Field(default=None, description="of that cluster, as it encodes it")
    secret_store: Literal["files", "secrets_manager"] = "files"
    secrets_directory: Path | None = Field(
        default=None, validate_default=True, description="where tenants' credentials are kept in sealed files"
    )
    secrets_manager_region: str | None = Field(
        default=None, validate_default=True, description="AWS region of the Secrets Manager that keeps them"
    )
    secrets_manager_prefix: str = Field(
        default="sadu", pattern=r"^[\w/+=.@-]{1,200}$", description="what the names of secrets begin with"
    )
    secrets_manager_endpoint_url: WebUrl | None = Field(
        default=None, description="a stand-in for Secrets Manager; never in production"
    )
    stripe_url: WebUrl | None = Field(default=None, description="a stand-in for Stripe; never in production")
    paypal_url: WebUrl | None = Field(default=None, description="a stand-in for PayPal; never in production")
    paypal_authority_file: FilePath | None = Field(
        default=None, description="PEM of who vouches for the certificates of that stand-in"
    )
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
    mock_payments: bool | None = Field(
        default=None, description="let stores offer the gateway that takes no money; by default not in production"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("identity_private_key_file", "cognito_region", "cognito_user_pool_id")
    @classmethod
    def needed_by_provider(cls, value: T, info: ValidationInfo) -> T:
        provider = "local" if info.field_name == "identity_private_key_file" else "cognito"
        if value is None and info.data.get("identity_provider") == provider:
            raise PydanticCustomError("missing", "is not set")
        return value

    @field_validator("secrets_directory", "secrets_manager_region")
    @classmethod
    def needed_by_store(cls, value: T, info: ValidationInfo) -> T:
        store = "files" if info.field_name == "secrets_directory" else "secrets_manager"
        if not value and info.data.get("secret_store") == store:
            raise PydanticCustomError("missing", "is not set")
        return value

    @field_validator("elasticsearch_url")
    @classmethod
    def needed_by_engine(cls, value: T, info: ValidationInfo) -> T:
        if value is None and info.data.get("search_engine") == "elasticsearch":
            raise PydanticCustomError("missing", "is not set")
        return value

    @property
    def listed_origins(self) -> frozenset[str]:
        return split(self.web_origins)

    @property
    def wants_mfa(self) -> bool:
        """Whether owners, admins and operators can do nothing in a session without a second factor."""
        return self.env == "production" if self.mfa_required is None else self.mfa_required

    @property
    def offers_mock(self) -> bool:
        """Whether a store can have the gateway that takes no money."""
        return self.env != "production" if self.mock_payments is None else self.mock_payments

    @property
    def introspects(self) -> bool:
        """Whether the schema is told to whoever asks for it."""
        return self.env != "production" if self.introspection is None else self.introspection


def password_in(url: str | None) -> str:
    """The password in a database URL, for the role that is made with it."""
    return unquote(urlsplit(url or "").password or "")
