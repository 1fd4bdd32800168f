"""Reading the mailbox, and having the worker deliver what is due."""

import re
from dataclasses import dataclass

from bootstrap import Parts, worker_parts
from devstack.mail_message import MailMessage
from devstack.mailbox import Mailbox
from jobs.worker import drain

CODE = re.compile(r"\b(\d{6})\b")


@dataclass(frozen=True, slots=True)
class Post:
    """The worker's work on demand, and what arrived by SMTP."""

    parts: Parts
    mailbox: Mailbox

    async def deliver(self) -> None:
        """Do all the outbox work that is due now, as the worker does."""
        await drain(worker_parts(self.parts))

    async def to(self, address: str) -> list[MailMessage]:
        """Every mail to an address, oldest first, after delivery."""
        await self.deliver()
        return sorted(self.mailbox.messages(address), key=lambda message: message.received_at)

    async def code_for(self, address: str) -> str:
        """The six digits of the newest mail to an address."""
        match = CODE.search((await self.to(address))[-1].text)
        assert match, "the newest mail has no code"
        return match[1]
