"""Email addresses: one form to compare and to store."""

from email_validator import EmailNotValidError, validate_email

from domain.errors import FaultCode, UserFault


def normalized_email(address: str, *field: str) -> str:
    """The address in composed Unicode and case-folded, so that `A@x.test` and `a@X.test` are one account.

    Whether the domain takes mail is not asked: the mailed code proves more.
    """
    try:
        valid = validate_email(address.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise UserFault(FaultCode.INVALID, "This is not an email address.", field) from error
    return valid.normalized.casefold()
