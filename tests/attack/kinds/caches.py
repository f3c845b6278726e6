"""Questions whose answer belongs to one person or one moment, asked by two; and answers that ended badly."""

from __future__ import annotations

from tests.attack.attack import Attack, Ground

MUST = "nobody gets what was given to somebody else"
PERSONAL = {
    "english self": "Who am I?", "english my": "How many days of leave do I have left?", "english mine": "Is this desk mine?",
    "english us": "When does our team meet?", "german": "Wie viele Urlaubstage habe ich noch?", "german my": "Wann ist mein Dienst?",
    "french": "Combien de jours de congé me reste-t-il ?", "french my": "Quel est mon salaire ?", "spanish": "¿Cuántas vacaciones me quedan?",
    "spanish my": "¿Cuál es mi salario?", "italian": "Quanti giorni di ferie ho?", "italian my": "Qual è il mio stipendio?",
    "portuguese": "Quantos dias de férias eu tenho?", "dutch": "Hoeveel vakantiedagen heb ik nog?", "polish": "Ile mam dni urlopu?",
    "turkish": "Kaç gün iznim kaldı?", "japanese": "私の有給は何日残っていますか?", "chinese": "我还有几天年假？",
}  # fmt: skip
LIVE = {
    "today": "What is the date today?", "now": "Who is on call right now?", "tomorrow": "Which shift is on tomorrow?",
    "this week": "What is for lunch this week?", "next": "When is the next delivery?", "german": "Was gibt es heute zu essen?",
    "french": "Quel jour sommes-nous aujourd'hui ?", "spanish": "¿Quién está de guardia ahora?", "italian": "Che giorno è oggi?",
    "portuguese": "Que dia é hoje?", "dutch": "Wie heeft er vandaag dienst?", "polish": "Kto ma dzisiaj dyżur?",
    "turkish": "Bugün günlerden ne?", "japanese": "今日は何曜日ですか?", "chinese": "今天是星期几？", "last": "What was sold yesterday?",
}  # fmt: skip
SHARED = {
    "impersonal": "How many days may unopened coffee be returned?", "german": "Wie lange darf Kaffee zurückgegeben werden?",
    "warranty": "How long is the warranty of a grinder?",
}  # fmt: skip


def _twice(name: str, question: str, *, shared: bool) -> Attack:
    async def run(ground: Ground) -> None:
        async with (
            ground.chat(tenant=ground.reader, user="ada") as first,
            ground.chat(tenant=ground.reader, user="bob") as second,
        ):
            one = await first.ask(question)
            other = await second.ask(question)
        assert one["type"] == other["type"] == "turn.completed", (one, other)
        assert bool(other["cached"]) == shared, other

    must = "an impersonal answer is shared" if shared else MUST
    return Attack("caches", name, must, run)


ATTACKS = [
    *(_twice(f"personal {name}", question, shared=False) for name, question in PERSONAL.items()),
    *(_twice(f"of a moment {name}", question, shared=False) for name, question in LIVE.items()),
    *(_twice(f"shared {name}", question, shared=True) for name, question in SHARED.items()),
]
