"""Words of two questions that may well be one: misspelt, or often said for each other. Whether they are, a model says.

Nothing here makes two questions one. It only keeps a veto from standing where two words differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

from application.answer_cache.english.words import key_of


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SHORTEST, LONGEST = 5, 40
"""Letters of a word that can be misspelt: of shorter ones too many are neighbours, but for a letter that is doubled."""
# Words for the same in some questions, a group a line; a word may stand in several. No group holds opposites, names,
# numbers, or two things that a company has side by side.
_GROUPS = {
    "english": """
        get obtain receive request order ask claim
        change update modify edit amend alter adjust switch
        create make open start set up add generate register
        cancel stop end terminate close
        send submit file hand give provide forward post mail
        dispute challenge contest query appeal
        pay settle
        fix repair mend resolve solve
        find locate see view look get
        include contain cover come offer have
        need require
        reserve book
        join enrol enroll register sign
        sign register log
        choose select pick
        contact reach call message
        check verify confirm see
        fill complete
        fit install put
        save keep store
        share give send
        use apply employ
        say tell state
        show display see
        help support assist
        move transfer shift switch
        rent hire lease
        reset recover change restore
        remove delete erase
        travel go commute
        run work operate function
        last take
        ship deliver send dispatch
        cost price charge fee rate
        delivery shipping shipment
        parcel package order shipment delivery
        grade result mark score
        quote quotation estimate
        agent agency
        place spot seat
        holiday vacation leave
        salary pay wage income
        staff employee worker personnel team
        boss manager supervisor
        client customer
        firm company business organisation organization
        guarantee warranty
        doctor physician gp
        job position role post
        flat apartment
        house home
        photo picture image
        shop store
        mistake error problem issue fault
        issue problem trouble
        way method process procedure step
        rule policy regulation guideline
        reason cause
        plan package subscription
        benefit advantage
        downside drawback disadvantage
        amount quantity number
        minimum least
        maximum most
        kind type sort
        area region zone
        best good top
        big large
        quick fast rapid
        important essential key
        right correct proper
        late delayed overdue
        missing lost
        broken damaged faulty defective
        allowed permitted
        safe secure
        possible feasible
        cheap affordable inexpensive
        easy simple
        kid child
        folk people person
        film movie
        road street
        money cash
        ill sick
    """,
    "german": """
        ändern aktualisieren anpassen wechseln bearbeiten
        bestellen beantragen anfordern bekommen erhalten
        kündigen beenden stornieren
        schicken senden einreichen abgeben
        finden sehen
        urlaub ferien
        gehalt lohn
        mitarbeiter angestellte beschäftigte
        chef vorgesetzter
        wohnung appartement
        kosten preis gebühr
        lieferung versand
        paket sendung
        fehler problem
    """,
    "french": """
        changer modifier actualiser
        demander obtenir recevoir
        annuler résilier arrêter
        envoyer transmettre soumettre
        trouver voir
        congé vacances
        salaire paie rémunération
        employé salarié
        livraison expédition
        colis paquet
        erreur problème
    """,
    "spanish": """
        cambiar modificar actualizar
        pedir solicitar obtener recibir
        cancelar anular
        enviar mandar
        encontrar ver
        empleado trabajador
        sueldo salario
        paquete envío
        error problema
    """,
    "italian": """
        cambiare modificare aggiornare
        chiedere richiedere ottenere ricevere
        annullare disdire
        inviare mandare spedire
        stipendio salario
        dipendente lavoratore
    """,
    "portuguese": """
        alterar mudar atualizar
        pedir solicitar obter receber
        enviar mandar
        funcionário empregado
        salário ordenado
    """,
}
_stem_of = {language: snowballstemmer.stemmer(language).stemWord for language in _GROUPS if language != "english"}
_stem_of["english"] = key_of
_groups: dict[tuple[str, str], frozenset[str]] = {}
_HEADS = frozenset(word[:3] for lines in _GROUPS.values() for word in lines.split())
"""How their words begin: of any other word no stem is made, six for each."""
for _language, _lines in _GROUPS.items():
    for _group in _lines.strip().split("\n"):
        for _word in _group.split():
            _at = (_language, _stem_of[_language](_word))
            _groups[_at] = _groups.get(_at, frozenset()) | {_group}

FILLERS = _set(
    """
    a an the do does did is are be been being there of please just also even ever still that usually normally typically
    generally commonly exactly actually really simply basically precisely currently possible possibly some any
    bitte eigentlich normalerweise genau gewöhnlich üblicherweise der die das den dem ein eine einen
    svp normalement habituellement exactement généralement le la les un une des du
    normalmente generalmente exactamente por favor el los las una unos
    solitamente esattamente di solito il lo gli
    geralmente exatamente o os as um uma
    """
)
"""Words that may be put in or left out."""


def any_may_be_one(words: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of the first and one of the second may be."""
    of_words, of_others = (frozenset[str]().union(*map(_groups_of, some)) for some in (words, others))
    return bool(of_words & of_others) or any(is_misspelt(one, other) for one in words for other in others)


def may_be_one(word: str, other: str) -> bool:
    """Whether two words, in small letters, may stand for each other in some question."""
    return bool(_groups_of(word) & _groups_of(other)) or is_misspelt(word, other)


@lru_cache(maxsize=4_000)
def _groups_of(word: str) -> frozenset[str]:
    if len(word) > LONGEST or word[:3] not in _HEADS:
        return frozenset()
    return frozenset().union(*(_groups.get((language, stem(word)), ()) for language, stem in _stem_of.items()))


_VOWELS = frozenset("aeiouyäöüáéíóúàèìòùâêîôû")


def is_misspelt(word: str, other: str) -> bool:
    """Whether one is the other by a slip: two letters exchanged, one doubled or not, or a vowel put in, left out or
    taken for another within the word. Not at its beginning, nor at its end, where `employer` and `employee` differ."""
    if word[:1] != other[:1] or abs(len(word) - len(other)) > 1 or word == other:
        return False
    if (
        not (word.isalpha() and other.isalpha())
        or min(len(word), len(other)) < SHORTEST - 1
        or max(len(word), len(other)) > LONGEST
    ):
        return False
    at = next((place for place, (a, b) in enumerate(zip(word, other)) if a != b), min(len(word), len(other)))  # noqa: B905
    here, there = word[at:], other[at:]
    if len(here) == len(there):
        exchanged = len(word) >= SHORTEST and here[:2] == there[1::-1] and here[2:] == there[2:]
        taken = len(word) > SHORTEST and len(here) > 2 and {here[0], there[0]} <= _VOWELS and here[1:] == there[1:]
        return exchanged or taken
    long, short = (here, there) if len(here) > len(there) else (there, here)
    doubled = long[0] == word[at - 1]
    slip = doubled or (long[0] in _VOWELS and len(short) > 1 and at + len(short) >= SHORTEST)
    return slip and long[1:] == short
