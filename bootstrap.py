"""The one place that builds database, gateways and queue from the settings: for server, worker and command line."""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from bootstrap_payments import build_gateways, build_secret_store, objections_to_payments
from db.security.roles import objections_to_login
from db.session import Database, create_engine
from domain.attempts import MostAttempts
from domain.payment_gateways import Gateways
from domain.ports import SearchEngine
from domain.search_indexes import SearchIndexes
from domain.signing import Signer
from domain.visit_batches import VisitBatches
from gql.context import Services
from integrations.access_tokens import AccessTokenSigner, JwtVerifier, StaticKeys
from integrations.attempt_limits import RedisAttemptLimits
from integrations.cognito_identity import CognitoIdentityProvider
from integrations.cognito_pool import CognitoPool, objections_to_pool
from integrations.cost_buckets import CostBuckets
from integrations.elasticsearch_cluster import Cluster
from integrations.elasticsearch_indexes import ElasticsearchIndexes
from integrations.elasticsearch_search import ElasticsearchSearch
from integrations.images import PillowRenderer
from integrations.jwks import RemoteKeys
from integrations.local_identity import LocalIdentityProvider
from integrations.passwords import Argon2Passwords
from integrations.payment_exchanges import PaymentHttp
from integrations.postgres_search import PostgresSearch
from integrations.redis_guest_carts import RedisGuestCarts
from integrations.s3 import S3ObjectStore
from integrations.search_by_tenant import SearchByTenant
from integrations.secrets_file import FileSecretStore
from integrations.secrets_manager import SecretsManagerStore
from integrations.smtp import SmtpMailSender
from jobs.work_signal import ArqWorkSignal
from jobs.worker import WorkerParts
from server.app import ServerParts
from server.storefront_versions import StorefrontVersions
from server.trusted_documents import read_manifest
from settings import Settings

DEVELOPMENT_MARK = "sadu-development"
"""Keys made by `sadu dev` carry it, so that production can refuse them."""


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
        "SADU_S3_PUBLIC_URL": settings.s3_public_url or "",
        "SADU_MEDIA_URL": settings.media_url or "",
        "SADU_ELASTICSEARCH_URL": settings.elasticsearch_url or "",
    }
    loopback = [] if settings.allow_loopback else [name for name, url in urls.items() if is_loopback(url)]
    objections = [f"{name} leads to an embedded part on this machine" for name in loopback]
    if DEVELOPMENT_MARK in settings.secret_key.get_secret_value():
        objections.append("SADU_SECRET_KEY is a development key")
    key_file = settings.identity_private_key_file
    if key_file and DEVELOPMENT_MARK in key_file.read_text(errors="replace"):
        objections.append("SADU_IDENTITY_PRIVATE_KEY_FILE is a development key")
    if pool := pool_of(settings):
        objections += objections_to_pool(pool, issuer=issuer_of(settings), jwks_url=jwks_url_of(settings, pool))
    if not settings.wants_mfa:
        objections.append("SADU_MFA_REQUIRED is off")
    if urlsplit(settings.public_url).scheme != "https":
        objections.append("SADU_PUBLIC_URL is not https")
    return [
        *objections,
        *objections_to_storage(settings),
        *objections_to_search(settings),
        *objections_to_payments(settings),
    ]


def objections_to_storage(settings: Settings) -> list[str]:
    """Defaults are good for the embedded storage alone: a bucket of that name at AWS is somebody else's."""
    wanted = (
        {"SADU_S3_BUCKET": "s3_bucket"}
        if settings.s3_url
        else {"SADU_S3_BUCKET": "s3_bucket", "SADU_S3_REGION": "s3_region"}
    )
    missing = [f"{name} is not set" for name, field in wanted.items() if field not in settings.model_fields_set]
    if (settings.s3_access_key is None) != (settings.s3_secret_key is None):
        missing.append("of SADU_S3_ACCESS_KEY and SADU_S3_SECRET_KEY one is not set")
    if settings.media_url is None:
        missing.append("SADU_MEDIA_URL is not set")
    elif urlsplit(settings.media_url).scheme != "https":
        missing.append("SADU_MEDIA_URL is not https")
    return missing


def objections_to_search(settings: Settings) -> list[str]:
    """The cluster holds every tenant's items, drafts among them: nobody may listen, and nobody else ask."""
    if settings.search_engine == "postgres":
        return []
    key, url = settings.elasticsearch_api_key, settings.elasticsearch_url or ""
    objections = [] if key and key.get_secret_value() else ["SADU_ELASTICSEARCH_API_KEY is not set"]
    return objections if urlsplit(url).scheme == "https" else ["SADU_ELASTICSEARCH_URL is not https", *objections]


def pool_of(settings: Settings) -> CognitoPool | None:
    """The user pool that keeps the accounts; None where we do."""
    if (
        settings.identity_provider == "local"
        or settings.cognito_region is None
        or settings.cognito_user_pool_id is None
    ):
        return None
    return CognitoPool(
        settings.cognito_region,
        settings.cognito_user_pool_id,
        settings.identity_client_id,
        settings.cognito_client_secret.get_secret_value() if settings.cognito_client_secret else None,
        settings.cognito_endpoint_url,
    )


def issuer_of(settings: Settings) -> str:
    """The `iss` claim of the access tokens that are believed."""
    pool = pool_of(settings)
    return settings.identity_issuer or (pool.issuer if pool else settings.public_url)


def jwks_url_of(settings: Settings, pool: CognitoPool) -> str:
    """Where the keys of a user pool are."""
    return settings.identity_jwks_url or pool.jwks_url


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
    guest_carts: RedisGuestCarts
    mail: SmtpMailSender
    objects: S3ObjectStore
    secrets: FileSecretStore | SecretsManagerStore
    gateways: Gateways
    payment_http: PaymentHttp
    cluster: Cluster | None

    @property
    def search(self) -> SearchEngine:
        """Postgres alone, or for tenants with an index in a cluster that."""
        inside = PostgresSearch(self.database)
        if self.cluster is None:
            return inside
        outside = ElasticsearchSearch(self.database, self.cluster)
        return SearchByTenant(self.database, inside=inside, outside=outside)

    @property
    def search_indexes(self) -> SearchIndexes | None:
        """Where items of such tenants are indexed."""
        return ElasticsearchIndexes(self.cluster) if self.cluster else None

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
        await self.guest_carts.close()
        await self.signal.close()
        await self.objects.close()
        await self.secrets.close()
        await self.payment_http.close()
        if self.cluster:
            await self.cluster.close()
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
    secrets, payment_http = build_secret_store(settings), PaymentHttp()
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
        guest_carts=RedisGuestCarts(settings.redis_url),
        mail=SmtpMailSender(settings.smtp_url, settings.mail_from),
        objects=build_object_store(settings),
        secrets=secrets,
        gateways=build_gateways(settings, database, signal, secrets, payment_http),
        payment_http=payment_http,
        cluster=build_cluster(settings),
    )


def build_cluster(settings: Settings) -> Cluster | None:
    if settings.search_engine == "postgres" or settings.elasticsearch_url is None:
        return None
    key = settings.elasticsearch_api_key
    return Cluster.at(settings.elasticsearch_url, key.get_secret_value() if key else None, settings.env)


def build_object_store(settings: Settings) -> S3ObjectStore:
    return S3ObjectStore(
        settings.s3_bucket,
        settings.s3_region,
        settings.s3_url,
        settings.s3_public_url,
        settings.s3_access_key.get_secret_value() if settings.s3_access_key else None,
        settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else None,
    )


def media_url_of(settings: Settings) -> str:
    """Where shoppers get pictures from: what stands before the bucket, or the bucket itself."""
    if settings.media_url:
        return settings.media_url.rstrip("/")
    if endpoint := settings.s3_public_url or settings.s3_url:
        return f"{endpoint.rstrip('/')}/{settings.s3_bucket}"
    return f"https://{settings.s3_bucket}.s3.{settings.s3_region}.amazonaws.com"


class Identity(NamedTuple):
    """Who keeps the accounts, whose tokens are believed, and what signs them where we do."""

    provider: LocalIdentityProvider | CognitoIdentityProvider
    verifier: JwtVerifier
    signer: AccessTokenSigner | None


def build_identity(
    settings: Settings, database: Database, signal: ArqWorkSignal, passwords: Argon2Passwords
) -> Identity:
    issuer, client_id = issuer_of(settings), settings.identity_client_id
    secret_key = settings.secret_key.get_secret_value().encode()
    if pool := pool_of(settings):
        verifier = JwtVerifier(RemoteKeys(jwks_url_of(settings, pool)), issuer, client_id)
        cognito = CognitoIdentityProvider(
            database, pool, passwords=passwords, verifier=verifier, signal=signal, secret_key=secret_key
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
    versions, visits = StorefrontVersions(feed), VisitBatches(parts.database)

    async def close() -> None:
        await visits.close()
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
            parts.search,
            visits,
            storefront_changed=versions.bump,
            guest_carts=parts.guest_carts,
            objects=parts.objects,
            gateways=parts.gateways,
            media_url=media_url_of(settings),
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
        web_origins=settings.listed_origins,
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
        objects=parts.objects,
        gateways=parts.gateways,
        images=PillowRenderer(),
        secret_key=parts.settings.secret_key.get_secret_value().encode(),
        redis_url=parts.settings.redis_url,
        public_url=parts.settings.public_url,
        base_domain=parts.settings.base_domain,
        search_indexes=parts.search_indexes,
    )
