"""The one place that reads settings and builds database, gateways and queue: for server, worker and command line."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set from the environment, each name prefixed with `SADU_`. The README lists them."""

    model_config = SettingsConfigDict(env_prefix="SADU_", extra="ignore", frozen=False)

    env: Literal["development", "test", "production"] = "development"
    database_url: str = Field(description="the application's login, which owns nothing")
    platform_database_url: str = Field(description="the login that serves the operators' schema")
    owner_database_url: str | None = Field(None, description="the login that migrates; only `sadu migrate` needs it")
    admin_database_url: str | None = Field(
        None, description="a login that may create roles; only the first `sadu migrate` needs it"
    )
    pgbouncer: bool = Field(False, description="the database URLs lead to pgbouncer in transaction mode")
    pool_size: int = Field(10, ge=1, description="connections per process and login")
    statement_timeout_ms: int = Field(5_000, ge=1)
    redis_url: str = Field(description="Redis or Valkey, not in cluster mode")
    smtp_url: str = Field(description="smtp://host:port, or smtps://user:password@host:port")
    mail_from: str = "Sadu <no-reply@sadu.localhost>"
    s3_url: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bucket: str = "sadu"
    secret_key: SecretStr = Field(description="at least 32 random bytes; mailed codes are derived from it")
    identity_private_key_file: Path = Field(description="PEM with the RSA key that signs access tokens")
    identity_issuer: str | None = Field(None, description="the `iss` claim; the public URL if unset")
    identity_client_id: str = "sadu-web"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = Field("http://127.0.0.1:8000", description="where clients reach the API")
    base_domain: str = Field("localhost", description="stores answer on {slug}.<base domain>")
    trusted_proxies: int = Field(0, ge=0, description="how many proxies stand before the API and set X-Forwarded-*")
    deadline_seconds: float = Field(10.0, gt=0, description="how long a query may take; a mutation runs to its end")
    graphiql: bool | None = Field(None, description="serve GraphiQL; by default everywhere but in production")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @cached_property
    def issuer(self) -> str:
        return self.identity_issuer or self.public_url
