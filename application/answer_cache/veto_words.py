"""The words of a dozen languages that tell two questions apart by themselves: numbers, dates, units, negations,
opposites; and those that say nothing of what is asked."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_OTHERWISE = _set("one un uno um once due sei elf dos")
"""More often words without a number, in their own language or in another."""
NUMBERS = (
    {
        word: str(n)
        for words in (
            "zero one two three four five six seven eight nine ten eleven twelve",
            "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
            "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
            "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
            "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
            "zero um dois três quatro cinco seis sete oito nove dez onze doze",
            "nul één twee drie vier vijf zes zeven acht negen tien elf twaalf",
            "零 一 二 三 四 五 六 七 八 九 十",
        )
        for n, word in enumerate(words.split())
        if word not in _OTHERWISE
    }
    | {
        word: str(n)
        for n, word in enumerate(
            ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"], 13
        )
    }
    | {
        "thirty": "30",
        "forty": "40",
        "fifty": "50",
        "sixty": "60",
        "seventy": "70",
        "eighty": "80",
        "ninety": "90",
        "%": "percent",
    }
)
"""Written numbers, as digits."""
COUNTING = _set(
    """
    first second third fourth fifth sixth seventh eighth ninth tenth half double triple twice dozen both hundred
    thousand million billion percent
    erste ersten erster zweite zweiten dritte dritten halb doppelt beide hundert tausend million milliarde prozent
    premier première deuxième troisième moitié double cent mille million milliard
    primer primera segundo segunda tercero tercera mitad doble cien mil millón primo seconda terzo metà doppio
    半 百 千 万 亿 億
    """
)
"""Words that count or order."""
COUNTED = sorted((word for word in NUMBERS if len(word) > 2 and word.isalpha()), key=len, reverse=True)
"""Numbers that stand before a hyphen: `two-year`."""
BEHIND_NUMBERS = _set(
    """
    km kg gb mb tb cm mm ml mph kwh usd eur gbp am pm hours hour hrs hr h minutes minute mins min months month weeks
    week years year days day nights night people persons person bedrooms bedroom inches inch miles mile g m l k
    """
)
"""What is written against a number, or behind it with a hyphen."""
NAME_ENDINGS = frozenset(["", "n", "ns", "an", "ans", "s", "ese", "ish", "i", "is"])
SIGNS = frozenset("$€£¥%°")
CALENDAR = _set(
    """
    monday tuesday wednesday thursday friday saturday sunday january february april june july august
    september october november december today tomorrow yesterday tonight weekday weekdays weekend weekends holiday
    noon midnight morning evening afternoon night pm day days week weeks month months year years hour hours minute
    minutes daily weekly monthly yearly annual annually quarterly quarter spring summer autumn winter
    montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober dezember
    heute morgen gestern wochenende tag tage tagen woche wochen monat monate monaten jahr jahre jahren stunde stunden
    minuten täglich wöchentlich monatlich jährlich quartal mittag mitternacht abend nacht
    lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août septembre octobre
    novembre décembre demain hier jour jours semaine semaines mois année années heure heures trimestre midi
    minuit matin soir nuit
    lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio julio agosto septiembre
    octubre noviembre diciembre hoy mañana ayer día días semana semanas meses año años hora horas trimestre noche
    lunedì martedì mercoledì giovedì venerdì sabato domenica gennaio febbraio aprile maggio giugno luglio settembre
    ottobre dicembre oggi domani ieri giorno giorni settimana settimane mese mesi anno anni
    """
)
ONCE_A = {
    "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annual": "year", "annually": "year",
    "quarterly": "quarter", "täglich": "tag", "wöchentlich": "woche", "monatlich": "monat", "jährlich": "jahr",
}  # fmt: skip
UNITS = _set(
    """
    km kilometre kilometer kilometers mile miles metre meter meters inch inches kg kilo kilos gram grams g lb pound
    pounds ounce ounces liter litre liters gallon gallons mb gb tb celsius fahrenheit
    eur euro euros usd dollar dollars gbp chf franc francs franken yen cent cents
    """
)
NEGATIONS = _set(
    """
    not no never none nobody nothing neither nor without except excluding unless cannot hardly
    nicht kein keine keinen keiner keinem keines nie niemals niemand nichts ohne außer
    ne pas jamais sans aucun aucune sauf personne rien nunca sin ningún ninguna ninguno nadie excepto salvo jamás
    non mai senza nessuno nessuna tranne niet geen nooit zonder behalve niemand não nem sem nenhum nenhuma ninguém
    nie bez żaden nikt oprócz ikke ingen aldri aldrig uden uten inte utan ej değil hiç asla olmadan
    не нет ни никогда без кроме никто ما لا لم لن ليس بدون غير नहीं मत बिना
    """
)
NEGATIONS_WITHOUT_BLANKS = ("不", "没", "沒", "無", "无", "未", "别", "勿", "ない", "ません", "않", "없", "못")
"""Where words are not parted, or are parts of words."""
ASKING = {
    word: kind
    for kind, words in {
        "who": "who whom wer wen wem qui quién quien chi quem кто 谁 誰",
        "when": "when wann quand cuándo cuando quando wanneer когда",
        "where": "where wo woher wohin où dónde donde dove onde waar где",
        "why": "why warum wieso weshalb pourquoi perché waarom почему",
    }.items()
    for word in words.split()
}
_OPPOSITES = """
enable/disable activate/deactivate open/close start/stop start/end begin/end before/after above/below over/under
more/less more/fewer most/least maximum/minimum max/min increase/decrease increase/reduce raise/lower first/last
buy/sell import/export incoming/outgoing internal/external inside/outside input/output login/logout in/out on/off
up/down add/remove create/delete allow/forbid allow/deny allow/prohibit accept/reject accept/decline approve/reject
public/private upload/download send/receive lend/borrow hire/fire join/leave enter/exit arrive/depart old/new
oldest/newest early/late earliest/latest high/low highest/lowest hot/cold fast/slow large/small larger/smaller
largest/smallest big/small long/short longest/shortest win/lose push/pull lock/unlock pass/fail include/exclude
mandatory/optional required/optional free/paid credit/debit employer/employee customer/supplier buyer/seller
teacher/student landlord/tenant sender/recipient always/never all/none from/to with/without online/offline
male/female left/right top/bottom best/worst better/worse cheap/expensive cheapest/dearest gain/loss profit/loss
full/empty full/part permanent/temporary current/former previous/next past/future entry/exit read/write
encrypt/decrypt subscribe/unsubscribe same/different domestic/international gross/net
paid/unpaid used/unused minimum/most legal/illegal
vor/nach öffnen/schließen mehr/weniger kaufen/verkaufen alt/neu hoch/niedrig groß/klein erste/letzte mit/ohne
erhöhen/senken einschalten/ausschalten aktivieren/deaktivieren brutto/netto intern/extern annehmen/ablehnen
avant/après ouvrir/fermer plus/moins acheter/vendre avec/sans ancien/nouveau activer/désactiver
antes/después abrir/cerrar más/menos comprar/vender con/sin activar/desactivar entrada/salida
prima/dopo aprire/chiudere più/meno comprare/vendere con/senza
"""
OPPOSITES: dict[str, frozenset[str]] = {}
for _pair in _OPPOSITES.split():
    _one, _, _other = _pair.partition("/")
    OPPOSITES[_one] = OPPOSITES.get(_one, frozenset()) | {_other}
    OPPOSITES[_other] = OPPOSITES.get(_other, frozenset()) | {_one}
DENYING_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis", "de", "ab")
PAST = _set("was were did had used")
COMING = _set("will shall going upcoming next")
ROLES = _set(
    """
    who whom whose by than and or if not i me my we us our he him his she her they them their it its you your
    was were been being did had have has will shall can could may must should would might
    """
)
"""Words that say who does what to whom, and whether it is, was, will or may be; prepositions do as well."""
GERMAN = _set("der die das den dem ein eine einen ist sind wie ich mein meine kann nicht und für mit auf wer wann wo")
SILENT = _set(
    """
    the this that these those some any be being been do does done have has having would should can could may might must
    ought i me my mine we us our you your he she it they them him her his its their ones what which whose how so if
    then there here via than please tell give show know say want like need help let go get make use just also too very
    much many long often far hello hi hey thanks thank question quick wondering kind sort way ways thing things process
    possible able explain describe find learn see look good right exactly actually really currently now ever still
    already yet s
    der die das den dem des ein eine einen einem einer ist sind war wie was welche welcher welches ich mir mich mein
    meine meinen wir uns unser unsere sie ihr ihre kann können darf soll muss bitte man es und oder für mit auf zu zum
    zur im am an von vom bei
    le la les l un une des du de d est sont qui que quel quelle quels quelles comment je me mon ma mes nous notre nos
    vous votre vos peut peux puis faut et ou pour sur au aux à en il elle on se
    el los las un una unos es son qué cuál cómo yo mi mis nosotros nuestro su sus puedo puede y o para por en de del al
    se lo
    il lo gli un una è sono che quale come io mio mia noi nostro posso può e o per su di del della al si
    """
)
"""Words that say nothing of what is asked, in the languages where they are most."""
