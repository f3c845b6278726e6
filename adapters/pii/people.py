"""Names of persons, as far as lists, titles and the words around a name go without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from adapters.pii.gazetteer import Gazetteer, gazetteer
from application.ports.detector import Span

_UP = "A-ZÀ-ÖØ-ÞĀĂĄĆĈČĎĐĒĘĚĞĢĪİĶĻŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽȘȚ"
_LETTER = r"[^\W\d_]"
_WORD = rf"[{_UP}](?:{_LETTER}|['’](?={_LETTER}))*(?:-[{_UP}]{_LETTER}*)*"
_TITLES = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Sir|Lady|Lord|Dame|Rev|Fr|Capt|Captain|Col|Lt|Sgt|Gen|Judge|Senator|Herr|Herrn|Frau|Hr|Fr|Dipl|Ing"
    "|Monsieur|Madame|Mademoiselle|Mme|Mlle|Mgr|Maître|Señor|Señora|Señorita|Sr|Sra|Srta|Don|Doña|Signor|Signora|Sig|Dott|Dottor|Avv|Arch"
    "|Dhr|Mevr|Mevrouw|Meneer|Heer|Pan|Pani|Pana|Senhor|Senhora|Dom|Dona|Nurse|Officer|Agent|Detective|Uncle|Aunt|Bay|Bayan|Shri|Smt"
)
_PARTICLE = r"(?:van der|van den|van de|von der|de la|de los|de las|van|von|vom|zu|zum|de|del|della|di|da|do|dos|das|du|des|le|la|ter|ten|bin|ibn|al|el|af|av)"
_SEQUENCE = re.compile(
    rf"(?<![\w@./-])(?:(?:{_TITLES})\.|[{_UP}]\.|{_WORD}|M\.)(?:[ \u00a0]{{1,2}}(?:{_PARTICLE}[ \u00a0])?(?:d['’])?(?:(?:{_TITLES})\.|[{_UP}]\.|{_WORD})|(?<=\.)[{_UP}]\.|,[ ](?={_WORD}(?:[.\s]|$))){{0,7}}"
)
_TOKEN = re.compile(rf"{_WORD}\.?|[{_UP}]\.|,")
_TITLE = frozenset(_TITLES.lower().split("|")) | {"m"}
_BEFORE_STRONG = frozenset(
    phrase.strip()
    for phrase in """name is|named|name's|name|full name|i am|i'm|signed by|dear|attn|attention|regards|sincerely|yours|signed|customer|client|patient
    |employee|colleague|tenant|applicant|candidate|recipient|beneficiary|cardholder|account holder|claimant|insured|neighbour|neighbor|landlord|wife
    |husband|brother|sister|cousin|assigned to|reports to|ship to|deliver to|on behalf of|from:|to:|cc:|spoke to|spoke with|talked to|talked with|met
    |emailed|interviewed|hired|married to|heiße|name ist|namens|lautet|kunde|kundin|patientin|geehrter|geehrte|grüße|unterzeichnet|mieter|mieterin
    |kollege|kollegin|mitarbeiter|mitarbeiterin|m'appelle|nom est|nommé|nommée|cordialement|salarié|salariée|assuré|assurée|locataire|client|cliente
    |me llamo|nombre es|llama|estimado|estimada|atentamente|paciente|empleado|empleada|inquilino|chiamo|nome è|chiama|gentile|saluti|paziente|dipendente
    |intestato a|intestata a|heet|naam is|genaamd|groeten|klant|patiënt|medewerker|huurder|nazywam się|na imię|nazwisko|pozdrawiam|klient|klientka|pacjent
    |heer|mevrouw|meneer|sig.|sig|sig.ra|signor|signora|señor|señora|sr.|sra.|monsieur|madame|pan|pani|senhor|senhora|d.|dña.|au nom de|a nombre de
    |a nome di|op naam van|em nome de|in the name of|im namen von|on file|titular|titulaire|inhaber|intestatario|właściciel
    |pracownik|meu nome é|nome é|chamo-me|chama-se|prezado|prezada|atenciosamente|funcionário|inquilino""".split("|")
)
"""What stands before a name and hardly before anything else."""
_BEFORE_WEAK = frozenset(
    phrase.strip()
    for phrase in """this is|called|cheers|best|thanks|greetings|hi|hello|hey|holder|owner|manager|author|nurse|doctor|teacher|friend|boss|partner
    |with|by|asked|told|wrote|call|ask|son|daughter|mother|father|ich bin|hallo|liebe|lieber|je suis|bonjour|cher|chère|ici|soy|hola|sono|ciao|caro
    |cara|ik ben|beste|hoi|jestem|cześć|sou|olá|cliente|para|von|mit|an|frag|avec|con|met|z|com""".split("|")
)
"""What may stand before a name and before much else: a list must know one of its words."""
_BEFORE_PAIR = frozenset("ici|contact|contacts|contacter|kontakt|contacto|contactar|contattare|contacteer".split("|"))
"""What stands before a name of two words or more."""
_AFTER = re.compile(
    r"\s?[\"”»]?\s?[<(][^\s@<>]{1,64}@|(?:'s|,)?\s(?:lives?|called|calls|wrote|said|says|ordered|paid|asked|emailed|works|joined|moved|reported|complained|wants|from"
    r"|requested|signed|and I|habite|a appelé|wohnt|schrieb|rief|vive|llamó|escribió|abita|scrive|woont|belde|mieszka|napisał|mora|ligou)\b"
)
"""What follows upon a person's name."""
_NOT_A_NAME = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december montag dienstag mittwoch donnerstag freitag samstag januar februar märz mai juni juli oktober dezember
    lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo
    inc ltd llc gmbh ag sa corp corporation company co plc bv kg se oy ab spa srl bank university college institute school hospital
    ministry department council group holdings partners foundation association museum library hotel airport station church
    street avenue road lane drive square park bridge river lake mountain county city state island court boulevard
    team support sales service services customer customers everyone everybody all sir madam there folks colleagues admin
    english german french spanish italian dutch polish portuguese european american british
    i we you he she it they the a an this that these those my your our his her its their what when where who why how which
    please yes no not and or but if then so for from to in on at by of with as is are was were be can could would should will
    thanks thank hello hi hey dear regards re fwd order invoice ticket phone email card account number address date version
    ich wir sie er es der die das ein eine und oder mein meine ihr ihre bitte nicht kein am im je tu il elle nous vous le la les un une
    el los las yo mi su por io lo gli ik wij zij de het een ja my on ona o os as um uma eu
    can could is are was were did do does have has had add remove call mail send ship ask tell write read open close set get let
    draft compare increase decrease check verify summarize translate update delete show list find use see note according about after
    before since until during both each every any some many most more less new next last first second third only also just still
    kann könnte können könnten ist sind war hat haben bitte wann warum wieso wer was wie wo welche welcher welches auf mit von nach für
    est-ce où quand qui que quoi pourquoi comment pouvez pourriez puis-je voici merci est sont mon ma mes votre vos
    puede podría cuándo dónde quién qué cómo cuánto por para está son tiene tengo
    può potrebbe quando dove chi che cosa come quanto perché vorrei ho hai sono
    kan kunt kunnen waar wanneer wie wat hoe hoeveel waarom is zijn heeft
    czy kiedy gdzie kto co jak ile dlaczego proszę jest są mam
    pode poderia quando onde quem qual quais como quanto é são tem
    pdf csv html json api url usa uk eu us id it hr ceo cto cfo vat iban ssn dob pin cvv""".split()
)
_AFTER_PLACE = frozenset(
    "street st avenue ave road rd lane drive boulevard square park bridge bank university college hospital airport station museum library inc ltd llc gmbh ag corp plc hotel "
    "foundation institute company group county island beach river lake mountain valley straße strasse platz allee weg".split()
)
_ENDINGS = (
    "ski", "ska", "cki", "cka", "wicz", "czyk", "enko", "ović", "ovic", "escu", "opoulos", "sson", "sdóttir", "shvili",
    "ssen", "mann", "inen", "kainen", "oğlu", "ová", "yan"
)  # fmt: skip
"""How surnames end in languages that make them so."""
Word = tuple[str, int, int]


class People:
    """The rule for persons; it holds the lists of names."""

    @cached_property
    def names(self) -> Gazetteer:
        """The lists, loaded at the first use."""
        return gazetteer()

    def __call__(self, text: str) -> Iterator[Span]:
        """Names after a title or words that introduce one, known given names with what follows, known surnames after a
        capitalised word."""
        done = -1
        for match in _SEQUENCE.finditer(text):
            words = [(token[0], token.start(), token.end()) for token in _TOKEN.finditer(text, *match.span())]
            i = 0
            while i < len(words):
                taken = self._person(text, words, i, done)
                if not taken:
                    i += 1
                    continue
                first, last, score = taken
                done = words[last][2] - (words[last][0].endswith(".") and len(words[last][0]) > 2)
                yield Span("person", words[first][1], done, score)
                i = last + 1

    def _person(self, text: str, words: list[Word], i: int, done: int) -> tuple[int, int, float] | None:
        """The first and the last word of a name that begins at word `i`, and how sure it is; `done` is where the name
        before it ended."""
        word = _plain(words[i][0])
        if word in _TITLE and i + 1 < len(words) and words[i + 1][0] != ",":
            first = i + 1
            while first + 1 < len(words) and _plain(words[first][0]) in _TITLE:
                first += 1
            last = self._extend(words, first)
            return (first, last, 0.9) if last >= first and len(_plain(words[last][0])) > 1 else None
        if not self._may_be(word):
            return None
        last = self._extend(words, i)
        following = [_plain(w) for w, _, _ in words[last + 1 : last + 2]]
        if following and following[0] in _AFTER_PLACE:
            return None
        names = [_plain(w) for w, _, _ in words[i : last + 1]]
        known = [self._given(name) for name in names]
        strong, weak = _introduced(text, words[i][1])
        pair = last > i and not any(len(name) > 1 and name in self.names.ordinary for name in names)
        if not known[0] and last > i and text[words[i][2] : words[i + 1][1]].strip():
            return None  # a noun and whose it is: `Anschrift von Lukas Lehmann`
        if pair and last > i + 1 and self._initial(words[i + 1][0]):
            return i, last, 0.7
        if pair and (_follows_name(text, done, words[i][1]) or _before(text, words[i][1], _BEFORE_PAIR)):
            return i, last, 0.7
        if strong and (last > i or known[0] or (len(word) > 2 and word not in self.names.ordinary)):
            return i, last, 0.85
        if pair and _AFTER.match(text, words[last][2]):
            return i, last, 0.7
        if known[0] and word not in self.names.ordinary:
            return i, last, 0.8 if last > i else 0.6
        if last > i and (known[0] or self._initial(words[i][0])) and self._surname(names[-1]):
            return i, last, 0.7
        if pair and self._surname(names[-1]):
            return i, last, 0.6
        if (
            i + 2 < len(words)
            and words[i + 1][0] == ","
            and self._surname(word)
            and self._given(_plain(words[i + 2][0]))
        ):
            return i, i + 2, 0.7
        return (i, last, 0.6) if weak and last > i and any(known) else None

    def _extend(self, words: list[tuple[str, int, int]], first: int) -> int:
        """The last word of the name, at most four in all; `first - 1` when the first cannot belong to one."""
        last = first - 1
        for index in range(first, min(len(words), first + 4)):
            word = words[index][0]
            if word == "," or not (self._may_be(_plain(word)) or self._initial(word)):
                break
            last = index
            if word.endswith(".") and not self._initial(word):
                break
        return last

    def _may_be(self, word: str) -> bool:
        return word not in _NOT_A_NAME and word != "," and len(word) > 1

    def _initial(self, word: str) -> bool:
        return len(word) == 2 and word[1] == "." or len(word) == 1 and word != "," and word not in "IA"

    def _given(self, word: str) -> bool:
        return word in self.names.given or ("-" in word and word.split("-")[0] in self.names.given)

    def _surname(self, word: str) -> bool:
        return (
            word in self.names.surnames
            or word.endswith(_ENDINGS)
            or ("-" in word and word.split("-")[-1] in self.names.surnames)
        )


def _introduced(text: str, start: int) -> tuple[bool, bool]:
    """Whether the words before say that a name follows, surely or perhaps."""
    strong = _before(text, start, _BEFORE_STRONG)
    return strong, strong or _before(text, start, _BEFORE_WEAK)


def _before(text: str, start: int, phrases: frozenset[str]) -> bool:
    """Whether one, two or three words before `start` are one of the phrases."""
    before = text[max(0, start - 40) : start].lower().replace(" :", ":")
    if not before or not before[-1].isspace():
        return False
    words = before.split()[-3:]
    if words and words[-1] not in phrases:
        words[-1] = words[-1].rstrip(":,")
    return any(" ".join(words[n:]).strip("\"'“(") in phrases for n in range(len(words)))


def _follows_name(text: str, done: int, start: int) -> bool:
    """Whether a name ended just before, with no more than an `and` between."""
    return 0 <= done < start <= done + 6 and text[done:start].strip() in ("and", "und", "et", "y", "e", "en", "i", "&")


def _plain(word: str) -> str:
    return word.rstrip(".").lower()
