"""The part of `bootstrap` that builds the ways of paying, and where tenants' credentials for them are kept."""

from cryptography.x509 import Certificate, load_pem_x509_certificates

from db.session import Database
from domain.payment_gateways import Gateways
from domain.payment_providers import PaymentProvider
from domain.secret_store import SecretStore
from domain.signing import Signer
from domain.store_pages import StorePages
from integrations.manual_payments import ManualPayments
from integrations.mock_gateway import TableMockGateway
from integrations.mock_payments import MockPayments
from integrations.payment_exchanges import PaymentHttp
from integrations.paypal_payments import PayPalPayments
from integrations.secrets_file import FileSecretStore
from integrations.secrets_manager import SecretsManagerStore
from integrations.stripe_client import API_URL
from integrations.stripe_payments import StripePayments
from jobs.work_signal import ArqWorkSignal
from settings import Settings


def objections_to_payments(settings: Settings) -> list[str]:
    """Files of secrets are on one machine, beside the key that opens them; a stand-in takes no money."""
    objections: list[str] = []
    if settings.secret_store == "files":
        objections.append("SADU_SECRET_STORE keeps tenants' credentials in files of this machine")
    stand_ins = {
        "SADU_SECRETS_MANAGER_ENDPOINT_URL": settings.secrets_manager_endpoint_url,
        "SADU_STRIPE_URL": settings.stripe_url,
        "SADU_PAYPAL_URL": settings.paypal_url,
        "SADU_PAYPAL_AUTHORITY_FILE": settings.paypal_authority_file,
    }
    return objections + [f"{name} is set" for name, value in stand_ins.items() if value]


def build_secret_store(settings: Settings) -> FileSecretStore | SecretsManagerStore:
    if settings.secret_store == "files" and settings.secrets_directory:
        return FileSecretStore(settings.secrets_directory, settings.secret_key.get_secret_value().encode())
    return SecretsManagerStore(
        settings.secrets_manager_region or "", settings.secrets_manager_prefix, settings.secrets_manager_endpoint_url
    )


def build_gateways(
    settings: Settings, database: Database, signal: ArqWorkSignal, secrets: SecretStore, http: PaymentHttp
) -> Gateways:
    """The ways of paying that this platform offers."""
    public_url, signer = settings.public_url.rstrip("/"), Signer(settings.secret_key.get_secret_value().encode())
    mock = TableMockGateway(database, signal, secrets, signer, public_url) if settings.offers_mock else None
    providers: list[PaymentProvider] = [
        StripePayments(http, bare(settings.stripe_url) or API_URL),
        PayPalPayments(http, bare(settings.paypal_url), authority_of(settings)),
        ManualPayments(),
        *([MockPayments(mock)] if mock else []),
    ]
    return Gateways(
        {provider.name: provider for provider in providers},
        secrets,
        public_url,
        mock=mock,
        store_pages=StorePages.beside(public_url, settings.base_domain),
        return_origins=settings.listed_origins,
        returns_to_this_machine=settings.env != "production",
    )


def authority_of(settings: Settings) -> list[Certificate] | None:
    """Who vouches for the certificates of a stand-in; None leaves it to the authorities that everybody knows."""
    file = settings.paypal_authority_file
    return load_pem_x509_certificates(file.read_bytes()) if file else None


def bare(url: str | None) -> str | None:
    return url.rstrip("/") if url else None
