"""The guard lets an answer serve a question in other words, and no question that only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.answer_cache.equivalence import is_equivalent
from infra.bench.caches.near_misses import NEAR_MISSES
from infra.bench.caches.paraphrases import PARAPHRASES

DIFFERENT = """
What can I do with my old badge? | What should I do with my old badge?
What must I not declare? | What do I not have to declare?
Must I not sign the form? | Do I not have to sign the form?
How must I label the parcel? | How can I label the parcel?
Who is in team A? | Who is in the team?
Who is in team A? | Who is in team B?
Does it ship to us? | Does it ship to US?
Who called IT? | Who called it?
Is C++ supported? | Is C# supported?
Can I send you money? | Can you send me money?
Which teams support HR? | Which teams are supported by HR?
Where are the customers? | Where do you find customers?
Where is the contract signed? | Where is the signed contract?
Do employees store files? | Are employees stored in files?
What causes fever? | What does fever cause?
Who does Anna manage? | Who manages Anna?
Who was paid? | Who paid?
Which invoices are paid? | Which invoices do you pay?
Can I be seen? | Can I see?
Am I being charged? | Am I charging?
Who can I invite? | Who must I invite?
How do I update the app? | How do I change the app?
How do I remove a member from the team? | How do I delete a member from the team?
Do all users see it? | Do not all users see it?
How do I contact marketing? | How do I contact the market?
What is the price of a bag? | What is the cost of a bag?
When does the shop open? | Since when is the shop open?
Is the office open on Monday? | Is the office open until Monday?
Does each user get a license? | Does any user get a license?
What time does it open? | What day does it open?
What is my salary? | What is the salary?
What is our budget? | What is your budget?
How do I see my calendar? | How do I see our calendar?
How do I see my calendar? | How do I see your calendar?
What did Anna pay? | What did Anna get paid?
Is Anna Boris's boss? | Is Boris Anna's boss?
Is the boss of Anna paid? | Is Anna paid?
Does the boss pay for Anna? | Does Anna's boss pay?
How do I get a refund without a receipt? | How do I get a refund with a receipt?
Can I cancel if I pay? | Can I pay if I cancel?
Is it possible to fail? | Is it impossible to fail?
How many days of vacation do I get? | How many days of vacation do I have left?
Was the server up? | Was the server down?
Do I need a visa? | Do I need a passport?
I want to cancel my order. | How do I cancel my order?
What if it rains? | What should I do if it rains?
Give me Anna's number. | Give Anna my number.
Is version 1.5 supported? | Is version 15 supported?
Is version 1.5 supported? | Is version 1,5 supported?
Was kostet der Versand? | Was kostet der Versand nach Spanien?
Kann ich Kaffee zurückgeben? | Kann ich Kaffee nicht zurückgeben?
¿Cuándo abre la tienda? | ¿Cuándo cierra la tienda?
Does Peter hire Paul? | Is Peter hired by Paul?
Which clients has Anna lost? | Which clients have lost Anna?
How hot is the oven? | How big is the oven?
How much time do I get? | What time do I get?
May 5 or May 6? | May 5 or May 7?
Who will be in May's office? | Who may be in will's office?
Is there any risk? | Is there no risk?
Are the doors locked by 6 pm? | Are the doors locked at 6 pm?
How do I pay Anna back? | How do I pay back Anna's boss?
Who trains the trainers? | Who do the trainers train?
Can the intern be paid? | Can the intern pay?
How is the manager trained? | How do I train the manager?
How are employees paid? | How do I pay employees?
Where are interns sent? | Where do interns send?
Is 5 more than 3? | Is 3 more than 5?
What should I bring to Anna? | What should Anna bring to me?
Do I have to wait? | Can I wait?
Why did sales fall? | Why did sales rise?
What is the deadline for returning the form? | What is the deadline for the return form?
How do I stop paying? | How do I stop payments to others?
Can managers only see salaries? | Can only managers see salaries?
Did we sign with Acme? | Did Acme sign with us?
Did we pay you? | Did you pay us?
Do we owe you anything? | Do you owe us anything?
Is Anna's project late? | Is Anna late?
Tell me about Anna's manager | Tell me about the manager Anna
What is the difference between net and gross? | What is the net difference?
How long is the bridge? | How long does the bridge take?
How do I log in? | How do I log out?
How do I get to Berlin from Rome? | How do I get to Rome from Berlin?
How many minutes are in an hour? | How many hours are in a minute?
Is the shop open today? | Is the shop open?
Has the CEO resigned? | Was the CEO resigned?
Can you fly? | Do you fly?
What do you recommend? | What is recommended against?
Who is not on call? | Who is on call?
Nobody told me who is on call. | Who is on call?
Will I be able to cancel? | Can I cancel?
Is Anna's boss's car red? | Is Anna's car red?
Does the boss of Anna pay? | Does Anna pay the boss?
What is the boss of Anna paying? | What is Anna paying the boss?
When does the boss of Anna pay? | When does Anna pay the boss?
Do you know when the boss of Anna pays? | Do you know when Anna pays the boss?
How does the boss of Anna pay? | How does Anna pay the boss?
Is the boss of Anna late? | Is Anna late?
How do I fill in the form? | How do I fill the form out in French?
What's my limit? | What's my limit per day?
"""
SAME = """
What is the refund policy? | Please tell me: what's the refund policy?
How do I reset my password? | HOW DO I RESET MY PASSWORD???
Was kostet der Versand? | was kostet der versand
Is the laptop covered by the insurance? | Does the insurance cover the laptop?
Where are backups stored? | Where do you store backups?
How is the bonus calculated? | How do we calculate the bonus?
Could you tell me what the terms of the lease are, please? | what are the lease's terms
Is there a gym? | Do we have a gym?
How much is the pro plan? | What does the pro plan cost?
Am I allowed to bring a guest? | Can I bring a guest?
How do I hand in three receipts? | What is the best way to submit 3 receipts?
Who is in charge of the archive? | Who is responsible for the archive?
"""


def pairs(lines: str) -> list[tuple[str, str]]:
    """A pair a line."""
    return [(first, second) for first, _, second in (line.partition(" | ") for line in lines.strip().split("\n"))]


@pytest.mark.parametrize(("one", "other"), pairs(DIFFERENT))
def test_in_doubt_no(one: str, other: str) -> None:
    assert not is_equivalent(one, other)
    assert not is_equivalent(other, one)


@pytest.mark.parametrize(("one", "other"), pairs(SAME))
def test_the_same_in_other_words(one: str, other: str) -> None:
    assert is_equivalent(one, other)
    assert is_equivalent(other, one)


def test_no_near_miss_is_served() -> None:
    assert [pair for pair in NEAR_MISSES if is_equivalent(pair.first, pair.second)] == []


def test_two_paraphrases_in_five_are_served() -> None:
    served = sum(is_equivalent(first, second) for first, second in PARAPHRASES)
    assert served >= 0.4 * len(PARAPHRASES)


@given(st.text(max_size=320), st.text(max_size=320))
def test_any_text_can_be_asked(one: str, other: str) -> None:
    assert is_equivalent(one, other) == is_equivalent(other, one)
    assert is_equivalent(one, one)


WORDS = (
    "how do i we what is the of for to not who when where by are stored paid a my , ? price cost if can you must have "
    "need there exist May US it 1.5 please tell me that email way best and"
)
SOME = st.lists(st.sampled_from(WORDS.split()), max_size=40)


@given(SOME, SOME)
def test_any_words_in_any_order_can_be_asked(one: list[str], other: list[str]) -> None:
    first, second = " ".join(one), " ".join(other)
    assert is_equivalent(first, second) == is_equivalent(second, first)
