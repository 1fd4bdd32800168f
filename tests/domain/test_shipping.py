"""What it costs to get things somewhere, asked again at checkout; providers of the platform; how areas are spelt."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from bootstrap import Parts
from cli.demo_shipping import DUKKAN_ZONES
from db.rows import read_rows
from domain import shipping, shipping_zones
from domain.address_forms import GOVERNORATES, NewGeneralAddress, NewKuwaitAddress
from domain.errors import FaultCode, UserFault, UserFaults
from domain.shipping import Destination, Quote, destination_of, needs_shipping
from domain.shipping_forms import NewArea, NewRate, NewZone
from domain.shipping_places import keys_of, plain
from domain.shipping_providers import PROVIDERS, Providers, ShippingKind, Tariff
from domain.texts import LocalizedText
from gql.shipping_inputs import ShippingProviderName
from tests.support.factories import Factory, Shop
from tests.support.statements import counted_statements

SALMIYA = Destination("KW", "hawalli", "Salmiya")
NAME = LocalizedText("Standard", None)


class Carrier:
    """One with prices of its own, which does not go abroad."""

    name, kind = "carrier", ShippingKind.DELIVERY

    def __init__(self, *, is_available: bool = True) -> None:
        self.is_available = is_available

    def price(self, tariff: Tariff, *, destination: Destination | None, subtotal: Decimal) -> Decimal | None:
        if destination is None or destination.country != "KW":
            return None
        del subtotal  # the same for whatever is in the box
        return tariff.price + (Decimal("0.500") if destination.area else Decimal(2))


async def save(parts: Parts, shop: Shop, *rates: NewRate, providers: Providers = PROVIDERS) -> Mapping[str, uuid.UUID]:
    """A zone of Hawalli, and one of its rates' ids by provider."""
    given = NewZone(NAME, rates, governorates=["hawalli"], areas=[NewArea("jahra", LocalizedText("Salmi", None))])
    async with parts.database.write(shop.actor.scope) as session:
        zone = await shipping_zones.save(session, actor=shop.actor, given=given, providers=providers)
        found = (await shipping_zones.rates_of(session, [zone.id]))[zone.id]
    return {rate.provider: rate.id for rate in found}


def rate(
    provider: str = "own_delivery", price: str = "1.500", *, free_above: Decimal | None = None, is_enabled: bool = True
) -> NewRate:
    told = LocalizedText("Street 12", None) if provider == "pickup" else None
    return NewRate(provider, NAME, Decimal(price), free_above=free_above, instructions=told, is_enabled=is_enabled)


async def quotes(parts: Parts, shop: Shop, to: Destination | None, providers: Providers = PROVIDERS) -> list[Quote]:
    async with read_rows(parts.database, shop.guest.scope) as rows:
        return await shipping.quotes(rows, actor=shop.guest, destination=to, subtotal=Decimal(1), providers=providers)


async def quote_for(
    parts: Parts,
    shop: Shop,
    rate_id: uuid.UUID,
    to: Destination | None,
    *,
    subtotal: str = "1",
    providers: Providers = PROVIDERS,
) -> Quote:
    async with read_rows(parts.database, shop.guest.scope) as rows:
        return await shipping.quote_for(
            rows, actor=shop.guest, rate_id=rate_id, destination=to, subtotal=Decimal(subtotal), providers=providers
        )


async def refusal(
    parts: Parts, shop: Shop, rate_id: uuid.UUID, to: Destination | None, providers: Providers = PROVIDERS
) -> FaultCode:
    with pytest.raises(UserFault) as raised:
        await quote_for(parts, shop, rate_id, to, providers=providers)
    assert raised.value.field == ("shippingRateId",)
    return raised.value.code


async def test_a_rate_is_quoted_again_at_checkout(parts: Parts, shop: Shop) -> None:
    """Mission C2: as it was quoted before, in one statement, and for no other destination."""
    rates = await save(parts, shop, rate(free_above=Decimal(20)), rate("pickup", "0.250"))
    delivery, pickup = rates["own_delivery"], rates["pickup"]
    told = await quotes(parts, shop, SALMIYA)
    with counted_statements(parts.database) as statements:
        assert [await quote_for(parts, shop, each, SALMIYA) for each in (delivery, pickup)] == told
    assert len(statements) == 2
    assert [quote.price for quote in told] == [Decimal("1.500"), Decimal("0.250")]
    assert (await quote_for(parts, shop, delivery, SALMIYA, subtotal="20")).price == 0
    for elsewhere in (Destination("KW"), Destination("KW", "ahmadi", "Salmiya"), Destination("SA"), None):
        assert await refusal(parts, shop, delivery, elsewhere) is FaultCode.SHIPPING_UNAVAILABLE
        assert (await quote_for(parts, shop, pickup, elsewhere)).price == Decimal("0.250")
    assert await refusal(parts, shop, uuid.uuid4(), SALMIYA) is FaultCode.NOT_FOUND


async def test_a_disabled_rate_is_not_sold(parts: Parts, shop: Shop) -> None:
    """Mission C2: whoever was quoted it a moment ago is told that it is gone."""
    rates = await save(parts, shop, rate(is_enabled=False), rate("pickup", is_enabled=False))
    for each in rates.values():
        assert await refusal(parts, shop, each, SALMIYA) is FaultCode.SHIPPING_UNAVAILABLE


async def test_another_shops_rate_is_as_good_as_none(parts: Parts, shop: Shop, factory: Factory) -> None:
    """Mission C2."""
    rates = await save(parts, await factory.shop(), rate("pickup"))
    assert await refusal(parts, shop, rates["pickup"], SALMIYA) is FaultCode.NOT_FOUND


async def test_a_further_provider_needs_nothing_but_its_entry(parts: Parts, shop: Shop) -> None:
    """Mission C2: its own prices, and its own idea of where it goes."""
    providers = {**PROVIDERS, "carrier": Carrier()}
    given = NewZone(NAME, [rate("carrier", "1")], countries=["SA"], governorates=["hawalli"])
    async with parts.database.write(shop.actor.scope) as session:
        zone = await shipping_zones.save(session, actor=shop.actor, given=given, providers=providers)
        (made,) = (await shipping_zones.rates_of(session, [zone.id]))[zone.id]
    (quote,) = await quotes(parts, shop, SALMIYA, providers)
    assert (quote.provider, quote.price) == ("carrier", Decimal("1.500"))
    assert await quote_for(parts, shop, made.id, Destination("KW", "hawalli"), providers=providers) == replace(
        quote, price=Decimal("3.000")
    )
    assert await quotes(parts, shop, Destination("SA"), providers) == []
    assert await refusal(parts, shop, made.id, Destination("SA"), providers) is FaultCode.SHIPPING_UNAVAILABLE
    # Away for a while, or for good: its rates are there still, and nobody is offered them.
    for without in ({**PROVIDERS, "carrier": Carrier(is_available=False)}, PROVIDERS):
        assert await quotes(parts, shop, SALMIYA, without) == []
        assert await refusal(parts, shop, made.id, SALMIYA, without) is FaultCode.SHIPPING_UNAVAILABLE


async def test_only_available_providers_are_chosen(parts: Parts, shop: Shop) -> None:
    """Mission C2."""
    providers = {**PROVIDERS, "carrier": Carrier(is_available=False)}
    with pytest.raises(UserFaults) as raised:
        await save(parts, shop, rate("carrier"), rate("nobody"), providers=providers)
    assert [(fault.code, fault.field) for fault in raised.value.faults] == [
        (FaultCode.NOT_READY, ("rates", "0", "provider")),
        (FaultCode.INVALID, ("rates", "1", "provider")),
    ]
    assert await save(parts, shop, rate("carrier", is_enabled=False), providers=providers)


async def test_the_demo_delivers_all_over_kuwait(parts: Parts, shop: Shop) -> None:
    """Mission C2."""
    async with parts.database.write(shop.actor.scope) as session:
        for zone in DUKKAN_ZONES:
            await shipping_zones.save(session, actor=shop.actor, given=zone)
    asked = {
        Destination("KW", "al_asimah", "الشويخ"): ["1.000", "0.000"],
        Destination("KW", "al_asimah", "Sharq"): ["1.500", "3.000", "0.000"],
        Destination("KW", "ahmadi", "Al-Wafrah"): ["5.000", "0.000"],
        Destination("AE"): ["8.000", "0.000"],
        Destination("FR"): ["0.000"],
    }
    for destination, prices in asked.items():
        assert [str(quote.price) for quote in await quotes(parts, shop, destination)] == prices, destination
    for governorate in GOVERNORATES:
        assert len(await quotes(parts, shop, Destination("KW", governorate))) > 1, governorate


def test_the_api_knows_every_provider() -> None:
    assert {str(each.value) for each in ShippingProviderName} == {*PROVIDERS}
    assert all(name == provider.name for name, provider in PROVIDERS.items())


def test_products_alone_are_shipped() -> None:
    """Mission C2."""
    assert needs_shipping(["service", "product"])
    assert not needs_shipping(["service", "project"])
    assert not needs_shipping([])


def test_an_address_says_where_it_is() -> None:
    kuwait = NewKuwaitAddress(governorate="hawalli", area="Salmiya", block="1", street="2", building="3")
    assert destination_of(kuwait) == SALMIYA
    assert destination_of(NewGeneralAddress(country="sa", line1="1", city="Riyadh")) == Destination("sa")
    assert keys_of(Destination("sa")) == ["SA", "*"]
    assert keys_of(SALMIYA) == ["KW/hawalli/salmiya", "KW/hawalli", "KW", "*"]


@pytest.mark.parametrize(
    "spellings",
    [
        "Salmiya|salmiyah|As-Salmiyya|Al Salmiya|SALMIYA |Salmīya|Sal’miya",
        "السالمية|السالميه|سالمية|السَّالِمِيَّة|الســالمية|\u200fالسالمية",
        "Hawalli|Hawally|Hawali|Ḥawallī",
        "Jleeb Al-Shuyoukh|Jleeb AlShuyukh|Jlib ash-Shuyukh",
        "Mubarak Al-Kabeer|MubarakAlKabir|mubarak al kabeer",
        "Abu Halifa|Abuhalifa|Abu-Halifah",
        "Sabah Al-Ahmad 2|Sabah al Ahmad ٢",
        "أبو حليفة|ابو حليفه|ابوحليفة",
        "الأحمدي|الاحمدى|أحمدي",
        "Fahaheel|Fahahil|Al-Fahaheel",
        "Qurain|Qurayn|Al Qurain",
    ],
)
def test_spellings_of_an_area_are_one(spellings: str) -> None:
    """Mission C2."""
    assert len({plain(each) for each in spellings.split("|")}) == 1, [plain(each) for each in spellings.split("|")]


AREAS = """
Salmiya|Salwa|Rumaithiya|Bayan|Mishref|Jabriya|Hawalli|Shaab|Salam|Hitteen|Shuhada|Zahra|Siddeeq|Mubarak Al-Abdullah
Sharq|Mirqab|Dasman|Qibla|Shuwaikh|Shamiya|Kaifan|Khaldiya|Faiha|Nuzha|Rawda|Adailiya|Surra|Qortuba|Yarmouk|Qadsiya
Daiya|Dasma|Mansouriya|Abdullah Al-Salem|Sulaibikhat|Doha|Ghirnata|Bneid Al-Qar|Jaber Al-Ahmad|Sabah Al-Ahmad|Qairawan
Farwaniya|Khaitan|Omariya|Rabiya|Rai|Rehab|Riggai|Andalous|Ardiya|Ferdous|Dajeej|Ashbeliya|Sabah Al-Nasser|Jleeb
Ahmadi|Mangaf|Fahaheel|Mahboula|Fintas|Abu Halifa|Egaila|Riqqa|Hadiya|Sabahiya|Dhaher|Wafra|Zour|Khiran
Jahra|Naeem|Oyoun|Qasr|Taima|Waha|Naseem|Sulaibiya|Amghara|Kabd|Saad Al-Abdullah|Mutlaa|Abdali
Qurain|Adan|Qusour|Messila|Abu Ftaira|Funaitees|Sabah Al-Salem|Mubarak Al-Kabeer|Abu Al-Hasaniya|Wista
السالمية|سلوى|الرميثية|بيان|مشرف|الجابرية|حولي|الشعب|السلام|حطين|الشهداء|الزهراء|الصديق|شرق|المرقاب|دسمان|القبلة|الشويخ
الشامية|كيفان|الخالدية|الفيحاء|النزهة|الروضة|العديلية|السرة|قرطبة|اليرموك|القادسية|الدعية|الدسمة|المنصورية|الدوحة|غرناطة
الفروانية|خيطان|العمرية|الرابية|الري|الرحاب|الرقعي|الأندلس|العارضية|الفردوس|الضجيج|إشبيلية|الأحمدي|المنقف|الفحيحيل
"""


def test_different_areas_stay_apart() -> None:
    """Mission C2: money depends on it."""
    named = AREAS.replace("\n", "|").strip("|").split("|")
    assert len({plain(each) for each in named}) == len(named) > 140


def test_names_of_signs_are_none() -> None:
    assert [plain(each) for each in ("", "...", "ـــ", "َ")] == [""] * 4
    assert plain("Al") == "al"
    assert plain("ال") == "ال"
