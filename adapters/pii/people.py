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
_PARTICLE = r"(?:van der|van den|van de|von der|de la|de los|de las|van|von|vom|zu|zum|de|del|della|di|da|do|dos|das|du|des|le|la|ter|ten|den|der|bin|ibn|al|el|y|e|af|av)"
_SEQUENCE = re.compile(
    rf"(?<![\w@./-])(?:(?:{_TITLES})\.|[{_UP}]\.|{_WORD}|M\.)(?:[ \u00a0]{{1,2}}(?:{_PARTICLE}[ \u00a0])?(?:d['’])?(?:(?:{_TITLES})\.|[{_UP}]\.|{_WORD})|(?<=\.)[{_UP}]\.|,[ ](?={_WORD}(?:[.\s]|$))){{0,7}}"
)
_TOKEN = re.compile(rf"{_WORD}\.?|[{_UP}]\.|,")
_TITLE = frozenset(_TITLES.lower().split("|")) | {"m"}
_SAYS_NAME = re.compile(
    r"(?:\b(?:name is|named|name's|i am|i'm|this is|called|signed by|signed,|sincerely,|regards,?|cheers,?|best,|thanks,|greetings,|yours,|dear|hi|hello|hey|attn:?|attention:?"
    r"|contact|customer|client|patient|employee|colleague|tenant|applicant|candidate|recipient|beneficiary|cardholder|holder|owner|manager|author|nurse|doctor|teacher|neighbour|neighbor|friend"
    r"|my (?:wife|husband|son|daughter|brother|sister|mother|father|boss|partner|landlord|cousin|uncle|aunt)(?:,| is)?"
    r"|(?:full |first |last |sur|given |family )?name:?|from:|to:|cc:|by|with|asked|told|met|emailed|spoke (?:to|with)|assigned to|reports to|ship to|deliver to|on behalf of|wrote"
    r"|ich heiße|ich bin|mein name ist|namens|name lautet|kunde|kundin|patientin|hallo|liebe|lieber|sehr geehrter|sehr geehrte|grüße,?|unterzeichnet"
    r"|je m'appelle|je suis|mon nom est|nommée?|bonjour|cher|chère|cordialement,?|cliente?|salariée?"
    r"|me llamo|mi nombre es|soy|se llama|hola|estimado|estimada|atentamente,?|paciente|empleado|empleada"
    r"|mi chiamo|sono|il mio nome è|si chiama|ciao|gentile|caro|cara|saluti,?|paziente|dipendente"
    r"|ik heet|mijn naam is|ik ben|genaamd|beste|hoi|groeten,?|klant|patiënt|medewerker"
    r"|nazywam się|mam na imię|jestem|imię i nazwisko:?|cześć|pozdrawiam,?|klient|klientka|pacjent|pracownik"
    r"|meu nome é|chamo-me|chama-se|sou|olá|prezado|prezada|atenciosamente,?|funcionário))[:,]?\s+",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"(?:name is|named|name's|name:?|i am|i'm|signed by|dear|attn:?|attention:?|heiße|name ist|namens|lautet|m'appelle|nom est|nommée?|llamo|nombre es|llama|chiamo|nome è|chiama|heet|naam is"
    r"|genaamd|nazywam się|na imię|nazwisko:?|nome é|chamo-me|chama-se|estimad[oa]|gentile|prezad[oa]|geehrter?|chère?|patient(?:in)?|paciente|paziente|patiënt|pacjent|cardholder|holder|customer"
    r"|client|kund(?:e|in)|cliente|klant|klient(?:ka)?|colleague|employee|applicant|candidate|recipient|beneficiary|regards,?|sincerely,|grüße,?|cordialement,?|atentamente,?|saluti,?|groeten,?|pozdrawiam,?"
    r"|atenciosamente,?|my \w+(?:,| is)?|wife|husband|assigned to|reports to|ship to|deliver to|on behalf of|from:|to:|cc:|unterzeichnet|salariée?|emplead[oa]|dipendente|medewerker|pracownik|funcionário|tenant)[:,]?\s+$",
    re.IGNORECASE,
)
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
    pdf csv html json api url usa uk eu us id it hr ceo cto cfo vat iban ssn dob pin cvv""".split()
)
_AFTER_PLACE = frozenset(
    "street st avenue ave road rd lane drive boulevard square park bridge bank university college hospital airport station museum library inc ltd llc gmbh ag corp plc hotel "
    "foundation institute company group county island beach river lake mountain valley straße strasse platz allee weg".split()
)


class People:
    """The rule for persons; it holds the lists of names."""

    @cached_property
    def names(self) -> Gazetteer:
        """The lists, loaded at the first use."""
        return gazetteer()

    def __call__(self, text: str) -> Iterator[Span]:
        """Names after a title or words that introduce one, known given names with what follows, known surnames after a
        capitalised word."""
        said = {match.end(): match for match in _SAYS_NAME.finditer(text)}
        for match in _SEQUENCE.finditer(text):
            words = [(token[0], token.start(), token.end()) for token in _TOKEN.finditer(text, *match.span())]
            introduced = said.get(match.start())
            strong = introduced is not None and bool(_STRONG.search(introduced[0]))
            yield from self._read(text, words, strong, introduced is not None)

    def _read(self, text: str, words: list[tuple[str, int, int]], strong: bool, weak: bool) -> Iterator[Span]:
        i = 0
        while i < len(words):
            taken = self._person(text, words, i, strong and i == 0, weak and i == 0)
            if not taken:
                i += 1
                continue
            first, last, score = taken
            end = words[last][2] - (words[last][0].endswith(".") and len(words[last][0]) > 2)
            yield Span("person", words[first][1], end, score)
            i = last + 1

    def _person(
        self, text: str, words: list[tuple[str, int, int]], i: int, strong: bool, weak: bool
    ) -> tuple[int, int, float] | None:
        """The first and the last word of a name that begins at word `i`, and how sure it is."""
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
        if strong and (last > i or known[0] or (len(word) > 2 and word not in self.names.ordinary)):
            return i, last, 0.85
        if known[0] and word not in self.names.ordinary:
            return i, last, 0.8 if last > i else 0.6
        if last > i and (known[0] or self._initial(words[i][0])) and self._surname(names[-1]):
            return i, last, 0.7
        if (
            last > i
            and self._surname(names[-1])
            and names[-1] not in self.names.ordinary
            and (weak or not _opens(text, words[i][1]))
        ):
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
        return word in self.names.surnames or ("-" in word and word.split("-")[-1] in self.names.surnames)


def _plain(word: str) -> str:
    return word.rstrip(".").lower()


def _opens(text: str, start: int) -> bool:
    """Whether a sentence begins here, where every word has a capital."""
    before = text[:start].rstrip()
    return not before or before[-1] in '.!?:\n"“(' or text[start - 1 : start] == "\n"
