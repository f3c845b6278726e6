"""A question tells whether its answer hangs on who asks or on when; the answer to any other is everybody's."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.answer_cache.dependence import MOST_READ, dependence_of
from application.steps.catalogue import STEPS
from domain.dependence import NOTHING, THE_USER, Dependence
from domain.tenant.tool import Mcp, Query, Tool, Webhook

PERSONAL = """
Who am I
How many days of leave do I have left?
my next shift tomorrow
How do I stand in the contest?
Wie viele Urlaubstage habe ich noch?
Wer bin ich?
Qui suis-je ?
Combien de jours de congé me reste-t-il ?
¿Quién soy?
¿Cuántos días de vacaciones me quedan?
Chi sono?
Quanti giorni di ferie mi restano?
Quem sou eu?
Quantos dias de férias eu tenho?
Wie ben ik?
Hoeveel vakantiedagen heb ik?
Kim jestem?
Ile dni urlopu mi zostało?
Ben kimim?
Kaç gün iznim kaldı?
Maaşım ne kadar?
私は誰ですか？
我是谁？
我还剩几天年假？
Кто я?
Сколько дней отпуска у меня осталось?
من أنا؟
كم عدد أيام إجازتي؟
मैं कौन हूँ?
मेरी कितनी छुट्टियाँ बची हैं?
나는 누구인가요?
제 휴가는 며칠 남았나요?
Siapa saya?
Vem är jag?
J'ai droit à combien de jours ?
what is my balance
Quelle est ma prime ?
Was ist mein Gehalt?
Mein Dienstplan bitte
How do I reset my password? And what is my salary?
How do I see the policy when I travel?
Qual è il mio stipendio?
I’m entitled to what?
ＭＹ balance
"""
LIVE = """
What is the date today?
What is the date?
Welcher Tag ist heute?
Quel jour sommes-nous ?
¿Qué día es hoy?
有給休暇は何日残っていますか？
今日は何曜日ですか
今天几号？
When is the party on 4 July?
Is the office open on Monday?
What time is it?
ist er am 24.12. geöffnet?
Aujourd’hui, le bureau est-il ouvert ?
Ce zi este azi?
What’s on the menu today
Wann ist die nächste Schicht?
Quand est la prochaine équipe ?
Bugün hava nasıl?
Którego dziś mamy?
Welke dag is het vandaag?
Qual é a data de hoje?
現在の在庫は？
库存现在有多少？
Wer hat gerade Dienst?
"""
IMPERSONAL = """
How long may coffee be returned?
What is the next step in the process?
How do I reset my password?
Wie lange kann Kaffee zurückgegeben werden?
Combien de temps peut-on rendre le café ?
¿Cuánto tiempo hay para devolver el café?
¿Cuál es el límite por mes?
Quali sono gli orari di apertura?
I rimborsi sono possibili entro quanto tempo?
Qual é o prazo de devolução do café?
Hoe lang kan koffie worden geretourneerd?
Hoe vraag je verlof aan?
Jak długo można zwrócić kawę?
Kahve ne kadar sürede iade edilebilir?
コーヒーの返品期限は何日ですか？
我们公司的咖啡退货期限是多久？
咖啡可以在多少天内退货？
Как долго можно вернуть кофе?
ما هي مدة إرجاع القهوة؟
कॉफी कितने दिनों में लौटाई जा सकती है?
커피는 며칠 안에 반품할 수 있나요?
What was decided on 4 July 2025?
What does the warranty cover and how long does it last?
Are we open on Mondays?
What EU rules apply to returns?
Was gilt in der EU für Rückgaben?
What's our refund policy?
Hvad er returretten?
Hur länge kan kaffe returneras?
Kann er mit Karte zahlen?
What time does the cafeteria open?
Wie wird der Bonus berechnet?
Comment demander un congé parental ?
Comment puis-je réinitialiser mon mot de passe ?
¿Cómo puedo restablecer mi contraseña?
Wie kann ich mein Passwort zurücksetzen?
Quanto dura la garanzia?
Quanto tempo dura a garantia?
Garanti süresi ne kadar?
Ile trwa gwarancja?
保证期是多久？
保証期間はどのくらいですか？
Wie lang is de garantie?
Welche Firma liefert mit Garantie?
"""


COURTEOUS = """
Please tell me how long coffee may be returned.
Could you tell me how I can export my data?
I'd like to know who manages the Berlin team.
Thanks! And how do I archive a project?
Können Sie mir sagen, wie lange die Garantie gilt?
Dites-moi combien de temps dure la garantie.
¿Me puedes decir cuánto dura la garantía?
Mi puoi dire quanto dura la garanzia?
Kun je me vertellen hoe lang de garantie is?
"""
NOT_ONLY_COURTEOUS = """
Tell me my balance.
I would like to know what I earn.
Tell me who I am.
My balance, and how do I reset it?
Können Sie mir sagen, wie viel Urlaub ich habe?
Dites-moi mon solde.
¿Me puedes decir mi saldo?
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("question", lines(PERSONAL))
def test_whose_answer_hangs_on_who_asks(question: str) -> None:
    assert dependence_of(question).personal


@pytest.mark.parametrize("question", lines(LIVE))
def test_whose_answer_hangs_on_the_moment(question: str) -> None:
    assert dependence_of(question).live and dependence_of(question).audience == "nobody"


@pytest.mark.parametrize("question", lines(NOT_ONLY_COURTEOUS))
def test_courtesy_hides_nothing(question: str) -> None:
    assert dependence_of(question).personal


@pytest.mark.parametrize("question", lines(IMPERSONAL + COURTEOUS))
def test_whose_answer_is_everybodys(question: str) -> None:
    assert dependence_of(question) == NOTHING


@pytest.mark.parametrize("question", lines(PERSONAL + LIVE))
def test_spelling_it_otherwise_changes_nothing(question: str) -> None:
    plain = dependence_of(question).audience
    for other in (question.upper(), question.lower(), f"  {question}\n", question.replace(" ", "\u200b \u00a0")):
        assert dependence_of(other).audience == plain
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in question)
    assert dependence_of(wide).audience == plain


@pytest.mark.parametrize("question", lines(PERSONAL + LIVE))
def test_it_hides_behind_no_other_sentence(question: str) -> None:
    for shared in ("How long may coffee be returned?", "How do I reset my password?", "保证期是多久？"):
        assert dependence_of(f"{shared} {question}").audience != "tenant"
        assert dependence_of(f"{question}\n{shared}").audience != "tenant"


def test_what_is_too_long_to_be_read_hangs_on_everything() -> None:
    assert dependence_of("x" * MOST_READ) == NOTHING
    assert dependence_of("x" * (MOST_READ + 1)).audience == "nobody"
    assert dependence_of("\ufdfa" * MOST_READ).audience == "nobody"  # a letter that stands for eighteen


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    dependence_of(text)


def test_every_step_and_every_kind_of_tool_says_what_it_hangs_on() -> None:
    """Neither can be declared without it, and what is not for all is never kept for all."""
    assert all(isinstance(step.depends, Dependence) for step in STEPS.values())
    assert all(step.depends == NOTHING for step in STEPS.values() if step.cacheable)
    hints = get_type_hints(Tool)
    kinds = {kind for field in ("query", "webhook", "mcp") for kind in get_args(hints[field])} - {type(None)}
    assert kinds == set(get_args(get_type_hints(Tool.__dict__["executor"].fget)["return"]))
    assert all(get_type_hints(kind.depends.fget)["return"] is Dependence for kind in kinds)


def test_a_step_whose_replies_are_not_for_all_cannot_be_kept_for_all() -> None:
    fields = {name: getattr(STEPS["title"], name) for name in STEPS["title"].__slots__}
    with pytest.raises(ValueError, match="not for all"):
        type(STEPS["title"])(**fields | {"cacheable": True, "depends": THE_USER})


SQL = "SELECT count(*) AS n FROM a"


@pytest.mark.parametrize(
    ("tool", "personal", "live"),
    [
        ({"mcp": Mcp(url="https://example.com")}, True, True),
        ({"webhook": Webhook(url="https://example.com")}, True, True),
        ({"webhook": Webhook(url="https://example.com"), "personal": False, "live": False}, False, False),
        ({"query": Query(dataset="a", sql=SQL)}, False, False),
        ({"query": Query(dataset="a", sql=SQL), "personal": True, "live": True}, True, True),
        ({"query": Query(dataset="a", sql=f"{SQL} WHERE day = CURRENT_DATE")}, False, True),
        ({"query": Query(dataset="a", sql=f"{SQL} WHERE day > NOW () - INTERVAL '1 day'")}, False, True),
        ({"query": Query(dataset="a", sql=f"{SQL} WHERE day = 'Today'::date")}, False, True),
        ({"query": Query(dataset="a", sql=f"{SQL} WHERE day = CURRENT_DATE"), "live": False}, False, False),
    ],
)
def test_a_tool_hangs_on_what_its_kind_does_unless_it_says_otherwise(
    tool: dict[str, object], personal: bool, live: bool
) -> None:
    for effects in (False, True):
        made = Tool(description="x", input_schema={}, effects=effects, **tool)  # type: ignore[arg-type]
        assert made.depends == Dependence(personal=personal, live=live, effects=effects)
