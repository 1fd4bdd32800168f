"""AWS as a process of its own, which ends with whoever started it: `python -m tests.support.moto_process`."""

import logging
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def running_moto() -> Generator[str]:
    """The URL of a moto that knows nothing yet. Credentials and regions mean nothing to it, but boto3 wants some."""
    settings = {"MOTO_COGNITO_IDP_USER_POOL_ENABLE_TOTP": "true"}
    command = [sys.executable, "-m", "tests.support.moto_process"]
    with subprocess.Popen(
        command, env=os.environ | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "moto did not start"
        try:
            yield url
        finally:
            process.communicate("")


def serve() -> None:
    # Only this process needs them.
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import EmptyResult
    from moto.server import ThreadedMotoServer

    def resend_confirmation_code(_response: CognitoIdpResponse) -> EmptyResult:
        """moto has no such operation: here it does nothing, and nothing can be proved by it."""
        return EmptyResult()

    setattr(CognitoIdpResponse, resend_confirmation_code.__name__, resend_confirmation_code)
    logging.disable()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    serve()
