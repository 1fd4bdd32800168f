"""The codes that Cognito mails: asking for them, and what they prove."""

import structlog

from db.queries import identity as queries
from domain.emails import normalized_email
from domain.identity import code_wrong, typed_code
from integrations.accounts import AccountStore, no_sooner_than
from integrations.cognito_accounts import CognitoRules, name_of, new_mark, password_fault
from integrations.cognito_pool import CognitoPool, CognitoRefused

WRONG_CODE = {
    "CodeMismatchException",
    "ExpiredCodeException",
    "InvalidParameterException",
    "LimitExceededException",
    "NotAuthorizedException",
    "ResourceNotFoundException",
    "TooManyFailedAttemptsException",
    "UserNotConfirmedException",
    "UserNotFoundException",
}
"""Why a code does not count. Limits are among the reasons: only at an account that exists can one guess too often."""

UNSENT = {
    "CodeDeliveryFailureException",
    "InvalidParameterException",
    "LimitExceededException",
    "NotAuthorizedException",
    "UserNotConfirmedException",
    "UserNotFoundException",
}
"""Why no mail is sent, which whoever asks for one must not learn."""

log = structlog.get_logger("sadu.cognito")


class CognitoCodes:
    """Cognito is asked whether we know the address or not, so that an answer takes as long either way."""

    def __init__(self, accounts: AccountStore, pool: CognitoPool, *, rules: CognitoRules) -> None:
        self._accounts, self._pool, self._rules = accounts, pool, rules

    async def confirm(self, *, email: str, code: str) -> None:
        address = normalized_email(email, "email")
        async with no_sooner_than(self._rules.soonest_answer):
            account = await self._accounts.find(address)
            accepted = await self.accepts("confirm_sign_up", name_of(account, address), code)
            if accepted and account is not None:
                async with self._accounts.writing(account.person_id) as session:
                    await queries.lock_person(session, person_id=account.person_id)
                    await queries.confirm_person(session, person_id=account.person_id)
                    await queries.write_password(session, password_hash=new_mark())
        if not accepted:
            raise code_wrong()

    async def resend_confirmation(self, *, email: str) -> None:
        await self.mail("resend_confirmation_code", email)

    async def mail(self, operation: str, email: str) -> None:
        """Have a code mailed, if there is anybody to mail it to; nothing tells whether there is."""
        address = normalized_email(email, "email")
        async with no_sooner_than(self._rules.soonest_answer):
            account = await self._accounts.find(address)
            try:
                await self._pool.ask_as_client(operation, username=name_of(account, address))
            except CognitoRefused as refused:
                if refused.code not in UNSENT:
                    raise
                log.info("cognito_sent_no_mail", operation=operation, because=refused.code)

    async def accepts(self, operation: str, username: str, code: str, **given: str) -> bool:
        """Whether the operation was done, which needs a mailed code."""
        digits = typed_code(code)
        if digits is None:
            return False
        try:
            await self._pool.ask_as_client(operation, username=username, ConfirmationCode=digits, **given)
        except CognitoRefused as refused:
            if refused.code in WRONG_CODE:
                return False
            raise password_fault(refused, "newPassword") or refused from None
        return True
