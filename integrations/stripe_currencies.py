"""How Stripe counts the currencies that it takes, as its documentation on currencies has it."""

from collections.abc import Mapping

from domain.payment_providers import CurrencyRule

TWO_DECIMALS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE "
    "CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT "
    "LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST "
    "XCD XCG YER ZAR ZMW"
)
NO_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
WHOLE_OF_HUNDREDTHS = "ISK UGX"
"""Have no decimals, and are counted as if they had two."""
TENTHS_OF_THOUSANDTHS = "BHD JOD KWD OMR TND"
"""Three decimals, of which the last is 0."""


def rules() -> Mapping[str, CurrencyRule]:
    by_rule = {
        TWO_DECIMALS: CurrencyRule(2),
        NO_DECIMALS: CurrencyRule(0),
        WHOLE_OF_HUNDREDTHS: CurrencyRule(2, step=100),
        TENTHS_OF_THOUSANDTHS: CurrencyRule(3, step=10),
    }
    return {currency: rule for currencies, rule in by_rule.items() for currency in currencies.split()}


CURRENCIES = rules()
