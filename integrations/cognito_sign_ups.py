"""How a person and a user of a Cognito pool come together: signing up, and finding each other again."""

import asyncio
import secrets

from sqlalchemy.exc import IntegrityError

from db.models import new_id
from db.queries import identity as queries
from db.queries import provider_accounts
from db.queries.identity import Account
from domain.errors import FaultCode, UserFault
from domain.ports import SignUp
from domain.texts import LOCALES
from integrations.accounts import AccountStore, no_sooner_than
from integrations.cognito_accounts import CognitoRules, new_mark, password_fault
from integrations.cognito_codes import CognitoCodes
from integrations.cognito_pool import CognitoPool, CognitoRefused, PoolUser
from integrations.mailed_codes import MailedCodes
from integrations.passwords import UNUSABLE

MOST_WAITS, WAIT_SECONDS = 10, 0.2


class CognitoSignUps:
    """While an address is unproven we keep a hash of the password: Cognito calls such a user unconfirmed whatever the
    password, and only who knows it may be told. After that the place of the hash has a mark.
    """

    def __init__(
        self,
        accounts: AccountStore,
        pool: CognitoPool,
        *,
        codes: CognitoCodes,
        mails: MailedCodes,
        rules: CognitoRules,
    ) -> None:
        self._accounts, self._pool = accounts, pool
        self._codes, self._mails, self._rules = codes, mails, rules

    async def sign_up(self, given: SignUp) -> None:
        async with no_sooner_than(self._rules.soonest_answer):
            password_hash = await self._accounts.passwords.hash(given.password)
            subject = await self._register(given, given.password)
            if subject is not None:
                await self._link(given, subject, password_hash)
            else:
                await self._sign_up_again(given, password_hash)

    async def _register(self, given: SignUp, password: str) -> str | None:
        """The subject of the new user; None where the address has one already."""
        attributes = pool_attributes(email=given.email, name=given.name, locale=given.locale)
        try:
            made = await self._pool.ask_as_client(
                "sign_up", username=given.email, Password=password, UserAttributes=attributes
            )
        except CognitoRefused as refused:
            if refused.code == "UsernameExistsException":
                return None
            if refused.code == "InvalidParameterException":
                raise UserFault(FaultCode.INVALID, "This is not an email address.", ("email",)) from None
            raise password_fault(refused, "password") or refused from None
        return made["UserSub"]

    async def _link(self, given: SignUp, subject: str, password_hash: str) -> None:
        """Write down whose user this is: a new person's, or one's whose user is gone from the pool."""
        if await self._add(given, subject=subject, mark=password_hash):
            return
        account, user = await self._accounts.find(given.email), await self._pool.find_user(given.email)
        if account is not None and user is not None:
            await self._relink(account, user, password_hash)

    async def _relink(self, account: Account, user: PoolUser, mark: str, *, confirmed: bool = False) -> None:
        async with self._accounts.writing(account.person_id) as session:
            await queries.lock_person(session, person_id=account.person_id)
            await provider_accounts.link_subject(session, person_id=account.person_id, subject=user.subject)
            await queries.write_password(session, password_hash=mark)
            if confirmed:
                await queries.confirm_person(session, person_id=account.person_id)

    async def _add(self, given: SignUp, *, subject: str, mark: str, confirmed: bool = False) -> bool:
        """Write a person down; False where the address or the subject is somebody's already."""
        person_id = new_id()
        try:
            async with self._accounts.writing(person_id) as session:
                who = {"email": given.email, "name": given.name, "locale": given.locale}
                if not await queries.add_person(session, person_id=person_id, subject=subject, **who):
                    return False
                await queries.write_password(session, password_hash=mark)
                if confirmed:
                    await queries.confirm_person(session, person_id=person_id)
                return True
        except IntegrityError:
            return False

    async def _find_soon(self, address: str) -> Account | None:
        """Waits for another sign-up with the address that is just about to write the person down."""
        for _ in range(MOST_WAITS):
            account = await self._accounts.find(address)
            if account is not None:
                return account
            await asyncio.sleep(WAIT_SECONDS)
        return None

    async def _sign_up_again(self, given: SignUp, password_hash: str) -> None:
        """As with `local`: where two may have signed up with one unproven address, neither password counts."""
        account, user = await self._find_soon(given.email), await self._pool.find_user(given.email)
        if user is None:
            return
        if user.is_confirmed:
            await self._tell_account_exists(account or await self.adopt(user))
        elif account is not None and await self._is_same_sign_up(account, given):
            await self._codes.resend_confirmation(email=given.email)
        else:
            await self._begin_anew(given, user, None if account else password_hash)

    async def _is_same_sign_up(self, account: Account, given: SignUp) -> bool:
        stored = account.password_hash
        return stored == UNUSABLE or await self._accounts.passwords.matches(stored, given.password)

    async def _begin_anew(self, given: SignUp, user: PoolUser, password_hash: str | None) -> None:
        """Another user in place of one that nobody has confirmed. Without a hash, its password is nobody's."""
        await self._pool.ask("admin_delete_user", UserPoolId=self._pool.pool_id, Username=user.subject)
        subject = await self._register(given, given.password if password_hash else nobodys_password())
        if subject is not None:
            await self._link(given, subject, password_hash or UNUSABLE)

    async def _tell_account_exists(self, account: Account | None) -> None:
        if account is not None:
            async with self._accounts.writing(account.person_id) as session:
                await queries.lock_person(session, person_id=account.person_id)
                await self._mails.tell_account_exists(session, person_id=account.person_id)

    async def adopt(self, user: PoolUser) -> Account | None:
        """The account of a user whom we do not know, such as after a sign-up that was cut short.

        None unless Cognito itself has seen the address proven: users can write another one into the pool.
        """
        if not (user.is_confirmed and user.has_proven_email and user.email):
            return None
        locale = user.locale if user.locale in LOCALES else LOCALES[0]
        given = SignUp(user.email, "", user.name or user.email.partition("@")[0], locale)
        await self._add(given, subject=user.subject, mark=new_mark(), confirmed=True)
        return await self._accounts.find(user.email)

    async def provision(self, given: SignUp) -> Account:
        """A confirmed account without a mailed code, for the command line.

        A confirmed user of the pool keeps the password. Any other gets this one: whose the old one is, nobody knows.
        """
        user = await self._pool.find_user(given.email)
        if user is None or not user.is_confirmed:
            user = await self._create(given, instead_of=user)
        await self._add(given, subject=user.subject, mark=new_mark(), confirmed=True)
        account = await self._accounts.find(given.email)
        if account is None:
            raise RuntimeError("the user of the pool belongs to another address here")
        if not (account.confirmed and account.subject == user.subject):
            await self._relink(account, user, new_mark(), confirmed=True)
        return account

    async def _create(self, given: SignUp, *, instead_of: PoolUser | None) -> PoolUser:
        pool = {"UserPoolId": self._pool.pool_id}
        if instead_of is not None:
            await self._pool.ask("admin_delete_user", **pool, Username=instead_of.subject)
        told = pool_attributes(email=given.email, email_verified="true", name=given.name, locale=given.locale)
        who = pool | {"Username": given.email}
        await self._pool.ask("admin_create_user", **who, UserAttributes=told, MessageAction="SUPPRESS")
        await self._pool.ask("admin_set_user_password", **who, Password=given.password, Permanent=True)
        user = await self._pool.find_user(given.email)
        if user is None:
            raise RuntimeError("the user is gone from the pool already")
        return user


def pool_attributes(**attributes: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def nobodys_password() -> str:
    """Long and random, and of every kind of character that a pool may insist on."""
    return f"{secrets.token_urlsafe(32)}aA1!"
