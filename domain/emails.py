"""Email addresses: one form to compare and to store."""

from email_validator import EmailNotValidError, validate_email

from domain.errors import FaultCode, UserFault


def normalized_email(address: str, *field: str) -> str:
    """The address in composed Unicode and case-folded, so that `A@x.test` and `a@X.test` are one account.

    Whether the domain takes mail is not asked: the mailed code proves more.
    """
    try:
        # Letters beyond ASCII before the @ need SMTPUTF8, which not every mail server on the way has.
        valid = validate_email(address.strip(), check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise UserFault(FaultCode.INVALID, "This is not an email address.", field) from error
    return (valid.ascii_email or valid.normalized).casefold()
