"""Forgotten and changed passwords at Cognito.

Sessions end in a transaction of ours, right after Cognito has taken the new password. Were we to die in between, they
would go on until they expire, or until another change or reset.
"""

from db.queries import identity as queries
from db.queries import second_factors
from db.queries.identity import Account
from domain.acts import Act
from domain.emails import normalized_email
from domain.identity import code_wrong, password_wrong
from domain.passwords import checked_password, normalized_password
from domain.ports import Holder, Origin
from integrations.accounts import AccountStore, no_sooner_than, record
from integrations.cognito_accounts import CognitoRules, account_of, name_of, new_mark, password_fault
from integrations.cognito_codes import CognitoCodes
from integrations.cognito_pool import SIGN_IN_REFUSED, CognitoPool, CognitoRefused, too_often


class CognitoPasswords:
    """What `domain.ports.IdentityProvider` says of these methods.

    Cognito need not be told which sessions end: its refresh tokens are sealed in ours, which are void.
    """

    def __init__(self, accounts: AccountStore, pool: CognitoPool, *, codes: CognitoCodes, rules: CognitoRules) -> None:
        self._accounts, self._pool, self._codes, self._rules = accounts, pool, codes, rules

    async def forgot(self, *, email: str) -> None:
        await self._codes.mail("forgot_password", email)

    async def reset(self, *, email: str, code: str, new_password: str, origin: Origin) -> None:
        address = normalized_email(email, "email")
        password = checked_password(new_password, "newPassword", email=address)
        async with no_sooner_than(self._rules.soonest_answer):
            account = await self._accounts.find(address)
            name = name_of(account, address)
            accepted = await self._codes.accepts("confirm_forgot_password", name, code, Password=password)
            if accepted and account is not None:
                await self._note_reset(account, origin)
        if not accepted:
            raise code_wrong()

    async def _note_reset(self, account: Account, origin: Origin) -> None:
        person_id = account.person_id
        async with self._accounts.writing(person_id) as session:
            await queries.lock_person(session, person_id=person_id)
            await queries.confirm_person(session, person_id=person_id)
            await queries.write_password(session, password_hash=new_mark())
            await queries.revoke_sessions(session, person_id=person_id, because="password_reset")
            await second_factors.end_challenges(session, person_id=person_id)
            await record(session, Act.ACCOUNT_PASSWORD_RESET, origin)

    async def change(self, *, holder: Holder, current_password: str, new_password: str) -> None:
        account = await account_of(self._accounts, holder)
        password = checked_password(new_password, "newPassword", email=account.email)
        await self._change(holder, normalized_password(current_password), password)
        async with self._accounts.writing(holder.person_id) as session:
            await queries.lock_person(session, person_id=holder.person_id)
            await queries.write_password(session, password_hash=new_mark())
            await queries.revoke_sessions(
                session, person_id=holder.person_id, because="password_changed", but=holder.session_id
            )
            await second_factors.end_challenges(session, person_id=holder.person_id)
            await record(session, Act.ACCOUNT_PASSWORD_CHANGE, holder.origin)

    async def _change(self, holder: Holder, current: str, password: str) -> None:
        try:
            await self._pool.ask(
                "change_password",
                AccessToken=holder.access_token,
                PreviousPassword=current,
                ProposedPassword=password,
            )
        except CognitoRefused as refused:
            if refused.code == "LimitExceededException":
                raise too_often() from None
            if refused.code in SIGN_IN_REFUSED:
                raise password_wrong("currentPassword") from None
            raise password_fault(refused, "newPassword") or refused from None
