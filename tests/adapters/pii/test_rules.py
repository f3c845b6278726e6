"""Each kind of private value is found as people write it, and what only looks like one is not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from adapters.pii.rule_detector import RuleDetector
from infra.bench.redaction.benchmark import score
from infra.bench.redaction.foreign import JUDGED, foreign
from infra.bench.redaction.names import GIVEN
from infra.bench.redaction.values import Values

DETECTOR = RuleDetector()
CALLED_A_PHONE = """
en|Give me a buzz: {} - Mob. {} - Ph: {} - Switchboard {} - my number is {} - reachable under {}
de|wählen Sie {} - Handynr. {} - meine Nummer ist {} - klingeln Sie durch: {} - Durchwahl {}
fr|ligne directe {} - composez le {} - Tél. {} - mon numéro est le {} - joignable au {}
es|Centralita {} - mi número es el {} - Tfno. {} - Llámame al {} - marque el teléfono {}
it|mi trovi al {} - il mio numero è {} - componi il {} - Rispondo al {} - contattami allo {}
pt|meu número é {} - Fone: {} - Disque {} - ramal {} - contato: {}
nl|Kantoor: {} - doorkiesnummer {} - mijn nummer is {} - Bel me op {}
sv|Kontor {} - tfn {} - mitt nummer är {} - nås på mobil {}
da|tlf. {} - mit nummer er {} - kontor {}
fi|Soita minulle {} - puh. {} - numeroni on {} - toimisto {}
cs|Zavolejte mi na {} - moje číslo je {} - kancelář {}
tr|Faks {} - cep: {} - numaram {} - Ofis {}
ru|мой номер {} - сотовый {} - наберите {} - моб. {}
zh|传真：{} - 办公室 {} - 致电 {} - 拨打{} - 我的号码是{}
ja|私の番号は{}です - オフィス {} - ファックス {}
ko|제 번호는 {} - 핸드폰 {} - 연락처: {} - 팩스 {}
el|τηλ. {}
"""
CALLED_A_CARD = """
CB : {} - bankkártya {} - κάρτα {} - כרטיס {} - बैंक कार्ड {} - thẻ tín dụng {} - betaalpas {} - Luottokortti {}
"""


def found(text: str, kind: str) -> list[str]:
    return [text[span.start : span.end] for span in DETECTOR.find_now(text) if span.kind == kind]


def test_a_number_is_what_the_word_beside_it_calls_it() -> None:
    missed = []
    for kind, value, lines in (("phone", "5597 2979", CALLED_A_PHONE), ("card", "9459.4582.9246.9456", CALLED_A_CARD)):
        for line in lines.strip().splitlines():
            texts = line.rpartition("|")[2].split(" - ")
            missed += [text for text in texts if found(text.format(value), kind) != [value]]
    assert not missed


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("email", "alice.o'hara+x@mail.example.co.uk", "Write to {}."),
        ("email", "bob (at) example [dot] org", "It is {}, as ever."),
        ("phone", "+49 30 901820", "Ring {} tomorrow."),
        ("phone", "(415) 555-2671", "{} is mine."),
        ("phone", "06 12 34 56 78", "C'est le {}."),
        ("phone", "5552671", "my phone: {}"),
        ("card", "4111 1111 1111 1111", "Card {} 12/27"),
        ("card", "3782-822463-10005", "{} it is"),
        ("card", "676148080051", "my maestro {} was declined"),
        ("card", "5038 7485 4980", "カード番号は{}です"),
        ("phone", "8 (903) 024-50-08", "{}"),
        ("phone", "080-3446-0262", "電話は{}です。"),
        ("phone", "0311 925351", "Мой телефон {}."),
        ("phone", "3395087459", "id,mobile,total\n7,{},12"),
        ("phone", "3395087459", "mobile={}"),
        ("credential", "k4EC9vse(", "Пароль: {}"),
        ("credential", "(4nFH&jex", "Password: {}"),
        ("national_id", "ZZ232934T", "National Insurance number: {}"),
        ("national_id", "12.345.678-Z", "DNI {}"),
        ("iban", "DE89 3704 0044 0532 0130 00", "IBAN {} please"),
        ("iban", "GB82WEST12345698765432", "to {}."),
        ("national_id", "536-90-4399", "SSN {}"),
        ("national_id", "AB 12 34 56 C", "NINO {}."),
        ("national_id", "12345678Z", "mi DNI es {}"),
        ("national_id", "X1234567L", "NIE {}"),
        ("national_id", "RSSMRA85T10A562S", "CF {}"),
        ("national_id", "44051401359", "PESEL {}"),
        ("national_id", "529.982.247-25", "CPF {}"),
        ("national_id", "36 574 261 809", "Steuer-ID {}"),
        ("national_id", "2 55 08 14 168 025 38", "NIR {}"),
        ("national_id", "111222333", "BSN {}"),
        ("national_id", "2341 2341 2346", "Aadhaar {}"),
        ("national_id", "756.9217.0769.85", "AHV {}"),
        ("national_id", "S1234567D", "NRIC {}"),
        ("national_id", "X12345678", "passport number {}"),
        ("ip", "192.168.10.7", "from {}:8080"),
        ("ip", "2001:db8::ff00:42:8329", "from {} again"),
        ("credential", "AKIA" + "IOSFODNN7EXAMPLE", "use {}"),
        ("credential", "gh" + "p_" + "a1B2c3D4e5" * 4, "token {}"),
        ("credential", "hunter2!", "the password is {}"),
        ("credential", "s3cr3t-Pass", "postgres://app:{}@db/prod"),
        ("credential", "-----BEGIN " + "PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----", "key:\n{}\nend"),
        ("address", "12 Baker Street, London NW1 6XE", "at {}."),
        ("address", "Hauptstraße 5a, 10115 Berlin", "in der {} wohnt"),
        ("address", "12 rue de la Paix, 75002 Paris", "au {}."),
        ("address", "ul. Polna 3/12, 00-622 Warszawa", "adres: {}"),
        ("person", "Jürgen Krause", "Ich heiße {} und"),
        ("person", "Smith", "Mr. {} called"),
        ("person", "Xanthe Qwerty", "My name is {}."),
        ("date", "12 May 2024", "on {}"),
        ("organisation", "Müller Maschinenbau GmbH", "die {} liefert"),
        ("place", "Paris", "in {} today"),
    ],
)
def test_it_is_found(kind: str, value: str, text: str) -> None:
    assert value in found(text.format(value), kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("card", "4111 1111 1111 1112"),
        ("card", "1234567812345670"),
        ("card", "0000 0000 0000 0000"),
        ("iban", "DE89 3704 0044 0532 0130 01"),
        ("iban", "GB82WEST1234569876543"),
        ("national_id", "SSN 000-12-3456"),
        ("national_id", "SSN 666-12-3456"),
        ("national_id", "mi DNI es 12345678A"),
        ("national_id", "PESEL 44051401358"),
        ("national_id", "CPF 529.982.247-24"),
        ("national_id", "Steuer-ID 36 574 261 808"),
        ("national_id", "Aadhaar 2341 2341 2347"),
        ("national_id", "GB 12 34 56 C"),
        ("ip", "version 1.2.3.4"),
        ("ip", "999.1.2.3"),
        ("ip", '{"version": "3.33.2.110"}'),
        ("ip", "upgraded from 3.57.7.184 to 8.90.5.232"),
        ("phone", "id,total\n7,3395087459,12"),
        ("phone", "ticket=3395087459"),
        ("card", "order 676148080051 is late"),
        ("national_id", "ISBN 978-13-4691045-1"),
        ("ip", "at 12:30:45"),
        ("phone", "Order 2024-0012345"),
        ("phone", "ISBN 978-3-16-148410-0"),
        ("phone", "the manual (978-0-306-40504-7), page 3"),
        ("phone", "on 2024-05-12 13:45"),
        ("credential", "A password is required."),
        ("credential", "the key idea is simple"),
        ("credential", "password: ********"),
        ("person", "Windows Server is supported on Monday"),
        ("person", "Please Read The Terms"),
        ("email", "meet @ 5pm"),
    ],
)
def test_it_only_looks_like_one(kind: str, text: str) -> None:
    assert found(text, kind) == []


@pytest.mark.parametrize("kind", ["email", "card", "iban", "ip", "credential"])
def test_the_same_kind_written_by_ten_peoples_is_found(kind: str) -> None:
    values = Values(3, 0)
    for locale in GIVEN:
        value = values.value(kind, locale)
        assert found(f"Note that {value} belongs here.", kind) == [value]


@pytest.mark.parametrize(
    "spelt",
    ["４１１１ １１１１ １１１１ １１１１", "4\u200b1111111\u200b11111111", "٤١١١ ١١١١ ١١١١ ١١١١",
     "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
     "4111–1111–1111–1111", "4111.1111.1111.1111", "41l1 1111 11l1 1111"],
)  # fmt: skip
def test_a_card_is_found_however_it_is_spelt(spelt: str) -> None:
    assert found(f"pay with {spelt} today", "card") == [spelt]


async def test_places_are_those_of_the_text_as_typed() -> None:
    text = "ﬁne: e\u0301 ａｌｉｃｅ＠example．com\u200b!"
    (span,) = await DETECTOR.find(text)
    assert text[span.start : span.end] == "ａｌｉｃｅ＠example．com"


async def test_a_long_text_is_searched_in_pieces_without_a_seam() -> None:
    filler = "nothing to see here, move along. " * 300
    text = f"{filler}alice@example.com {filler}4111 1111 1111 1111 {filler}"
    spans = await DETECTOR.find(text)
    assert [(s.kind, text[s.start : s.end]) for s in spans] == [
        ("email", "alice@example.com"),
        ("card", "4111 1111 1111 1111"),
    ]


async def test_spans_come_in_order_and_never_overlap() -> None:
    values = Values(5, 1)
    text = " and ".join(
        values.value(kind, locale) for locale in GIVEN for kind in ("card", "iban", "phone", "address", "person")
    )
    spans = await DETECTOR.find(text)
    assert all(one.end <= other.start for one, other in pairwise(spans))


async def test_an_address_whose_digits_have_a_checksum_is_still_an_address() -> None:
    text = "We blocked 63.152.107.199 after many failed logins."
    (span,) = await RuleDetector().find(text)
    assert (span.kind, text[span.start : span.end]) == ("ip", "63.152.107.199")


async def test_structured_kinds_are_found_in_texts_that_a_foreign_generator_fills() -> None:
    """Two of each in twelve locales; `colloquy bench redaction` draws more."""
    scores, notes = await score(DETECTOR, foreign(JUDGED, 2, 11))
    for kind in ("email", "phone", "card", "iban", "national_id", "ip", "credential"):
        assert scores[kind].recall >= 0.97, [note for note in notes if kind in note]
        assert scores[kind].wrong <= 0.03 * scores[kind].found, [note for note in notes if kind in note]
