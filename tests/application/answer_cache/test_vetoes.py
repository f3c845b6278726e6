"""What plainly are two questions never reaches the model that compares them."""

from __future__ import annotations

from collections import Counter

from application.answer_cache.equivalence import is_equivalent
from application.answer_cache.like_words import is_misspelt
from application.answer_cache.vetoes import LONGEST, are_two
from infra.bench.caches.near_misses import NEAR_MISSES
from infra.bench.caches.paraphrases import PARAPHRASES

TWO = {
    "numbers": [
        ("How do I get to room 12?", "Which way is it to room 21?"),
        ("Wer unterschreibt ab fünf Tausend Euro?", "Ab neun Tausend Euro unterschreibt wer?"),
        ("第3条说什么？", "请解释第5条的内容。"),
    ],
    "dates and units": [
        ("Quelle est la recette de janvier ?", "Combien avons-nous encaissé en juin ?"),
        ("Is there a meeting on Monday?", "On Friday, do we meet?"),
        ("How many km may I drive a month?", "What distance in miles may I drive a month?"),
    ],
    "names": [
        ("What does Anna do here?", "Can you tell me the job that Boris has?"),
        ("Where do I find the VPN settings?", "In which menu are the settings of the VLAN?"),
        ("Wie melde ich mich bei SAP an?", "Was brauche ich für die Anmeldung bei DATEV?"),
    ],
    "negation": [
        ("Can I cancel the order?", "Is there an order that can't be cancelled by me?"),
        ("Wer muss kommen?", "Gibt es wen, der zum Treffen nicht kommen muss?"),
        ("私は参加できますか？", "参加できない人は誰ですか？"),
    ],
    "opposites": [
        ("How do I enable the alarm?", "What are the steps to disable the alarm of the house?"),
        ("Is the form complete?", "What if a form is incomplete, as mine?"),
        ("Wie aktiviere ich mein Konto?", "Ich will mein Konto deaktivieren, wie geht das?"),
    ],
    "what is asked": [("Who signs the lease?", "Why does somebody sign the lease at all?")],
    "time": [("Did the office move to the harbour?", "The office will be at the harbour in the end, right?")],
    "order": [
        ("Does the auditor inform the board?", "Does the board inform the auditor?"),
        ("Did Anna choose Boris?", "Was Anna chosen by Boris, then?"),
    ],
    "nothing shared": [("How do I park?", "Is there vegetarian food?")],
    "one change": [
        ("How do I print the invoice?", "How do I print the contract?"),
        ("Where is the key?", "Where is the key of the archive?"),
        ("如何启用通知？", "如何关闭通知？"),
    ],
    "words alike": [("Who is the lessor of the flat, please?", "Tell me the lessee of this flat.")],
    "long": [("x" * (LONGEST + 1), "y")],
}
PERHAPS_ONE = [
    ("How do I reset my password?", "I forgot my password, how do I get a new one?"),
    ("What's the laptop replacement cycle?", "How often are laptops replaced?"),
    ("Who approves discounts above 10%?", "Who must approve discounts of more than 10 percent?"),
    ("Wie viele Urlaubstage habe ich im Jahr?", "Wie viel Urlaub steht mir pro Jahr zu?"),
    ("Comment réinitialiser mon mot de passe ?", "J'ai oublié mon mot de passe, que faire ?"),
    ("¿Cuál es la política de devoluciones?", "¿Cómo funcionan las devoluciones?"),
    ("如何重置我的密码？", "我忘了密码怎么办？"),
    # misspelt
    ("How do I cancel an order?", "How do I cancle an order?"),
    ("Why is my connection slow in the evenings?", "Why is my conection slow in the evenigns?"),
    ("Wie ändere ich meine Adresse?", "Wie ändere ich meine Addresse?"),
    # a word that is often said for another, and words that say nothing
    ("How do I order a copy of the bill?", "How can I get a copy of the bill?"),
    ("How long does a refund take?", "How long does a refund usually take?"),
    ("Comment modifier mon adresse ?", "Comment changer mon adresse ?"),
    ("¿Cómo cancelo el pedido?", "¿Cómo anulo el pedido?"),
    # the same words in the same order
    ("What exactly is the notice period?", "What is the notice period?"),
    ("What is the difference between gross and net?", "What is the difference between net and gross?"),
    # amounts as they are written
    ("What does the 10GB plan cost?", "How much do you charge for the plan with 10 GB?"),
    ("Which rate has a 2-year fix?", "What rate do you offer on two-year fixes?"),
    ("How long does shipping take?", "How many days will it be until the shipping is done?"),
    ("Is the shop open on Sundays?", "Can one come to the shop on a Sunday?"),
    # a name as it is bent, and a word that begins a sentence
    ("Do customs in India open parcels?", "Are parcels looked into at Indian customs?"),
    ("Do you ship abroad? How much is it?", "What does shipping abroad cost?"),
]
STILL_TWO = [
    ("Is the employer insured?", "Is the employee insured?"),
    ("Who is the head of marketing?", "Who is the head of market?"),
    ("Which interns have been paid?", "Which interns have paid?"),
    ("Did the shop open on Mondays?", "Does the shop open on Mondays?"),
    ("What is a Python Go?", "What is a Go Python?"),
    ("How do I get from Bonn to Ulm?", "How do I get from Ulm to Bonn?"),
    ("Where do Hansen and I meet?", "Where do Hanson and I meet?"),
    ("How many days of leave do I get?", "How long is the leave that I get?"),
]


def test_what_plainly_differs_is_two_questions_either_way_round() -> None:
    for reason, pairs in TWO.items():
        for one, other in pairs:
            assert are_two(one, other) == reason, (one, other)
            assert are_two(other, one), (other, one)


def test_what_only_understanding_can_tell_is_left_to_it() -> None:
    for one, other in PERHAPS_ONE:
        assert are_two(one, other) == are_two(other, one) == "", (one, other)


def test_what_looks_like_a_slip_or_a_synonym_and_is_none_is_still_two() -> None:
    for one, other in STILL_TWO:
        assert are_two(one, other) and are_two(other, one), (one, other)


def test_a_slip_is_within_a_word() -> None:
    slips = "cancel/cancle aply/apply acount/account definately/definitely allowence/allowance diffrence/difference"
    others = "form/from contact/contract employer/employee lessor/lessee import/export x/y report/reports was/saw"
    assert all(is_misspelt(*pair.split("/")) for pair in slips.split())
    assert not any(is_misspelt(*pair.split("/")) for pair in others.split())


def test_of_the_near_misses_hardly_any_reaches_the_model_and_of_paraphrases_most_do() -> None:
    left = Counter(pair.kind for pair in NEAR_MISSES if not are_two(pair.first, pair.second))
    assert left == {"scope": 8}
    found = sum(is_equivalent(*pair) or not are_two(*pair) for pair in PARAPHRASES)
    assert found / len(PARAPHRASES) > 0.65
