"""Stripe and PayPal for `make dev`: `python -m tests.support.provider_fakes`, and what it prints in front of it."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.paypal.certificates import pem
from tests.support.paypal.server import fake_paypal
from tests.support.stripe.server import fake_stripe


def serve() -> None:
    with fake_stripe() as stripe, fake_paypal() as paypal, TemporaryDirectory() as folder:
        stripe.is_open = paypal.is_open = True
        authority = Path(folder) / "authority.pem"
        authority.write_bytes(pem(paypal.authority.root))
        urls = f"SADU_STRIPE_URL={stripe.url} SADU_PAYPAL_URL={paypal.url}"
        sys.stdout.write(f"{urls} SADU_PAYPAL_AUTHORITY_FILE={authority} make dev\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    serve()
