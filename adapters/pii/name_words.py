"""Words about names: what stands before and after them, titles, and capitalised words that are none."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split("|"))


TITLES = _words(
    """Mr Mrs Ms Miss Mx Dr Prof Professor Doctor Sir Lady Lord Dame Rev Fr Capt Captain Col Lt Sgt Gen Judge Senator
    Herr Herrn Frau Hr Dipl Ing Monsieur Madame Mademoiselle Mme Mlle Mgr Maître Señor Señora Señorita Sr Sra Srta
    Don Doña Signor Signora Sig Dott Dottor Avv Arch Dhr Mevr Mevrouw Meneer Heer Pan Pani Pana Senhor Senhora Dom
    Dona Nurse Officer Agent Detective Uncle Aunt Bay Bayan Shri Smt"""
)
"""Before a name, with a capital and often with a full stop."""
BEFORE_SURELY = _phrases(
    """name is|named|name's|name|full name|i am|i'm|signed by|dear|attn|attention|regards|sincerely|yours|signed|
    customer|client|patient|employee|colleague|tenant|applicant|candidate|recipient|beneficiary|cardholder|
    account holder|claimant|insured|neighbour|neighbor|landlord|wife|husband|brother|sister|cousin|assigned to|
    reports to|ship to|deliver to|on behalf of|from:|to:|cc:|spoke to|spoke with|talked to|talked with|met|emailed|
    interviewed|hired|married to|heiße|name ist|namens|lautet|kunde|kundin|patientin|geehrter|geehrte|grüße|
    unterzeichnet|mieter|mieterin|kollege|kollegin|mitarbeiter|mitarbeiterin|m'appelle|nom est|nommé|nommée|
    cordialement|salarié|salariée|assuré|assurée|locataire|cliente|me llamo|nombre es|llama|estimado|estimada|
    atentamente|paciente|empleado|empleada|inquilino|chiamo|nome è|chiama|gentile|saluti|paziente|dipendente|
    intestato a|intestata a|heet|naam is|genaamd|groeten|klant|patiënt|medewerker|huurder|nazywam się|na imię|
    nazwisko|pozdrawiam|klient|klientka|pacjent|heer|mevrouw|meneer|sig.|sig|sig.ra|signor|signora|señor|señora|sr.|
    sra.|monsieur|madame|pan|pani|senhor|senhora|d.|dña.|au nom de|a nombre de|a nome di|op naam van|em nome de|
    in the name of|im namen von|on file|titular|titulaire|inhaber|intestatario|właściciel|pracownik|meu nome é|
    nome é|chamo-me|chama-se|prezado|prezada|atenciosamente|funcionário"""
)
"""What stands before a name and hardly before anything else."""
BEFORE_PERHAPS = _phrases(
    """this is|called|cheers|best|thanks|greetings|hi|hello|hey|holder|owner|manager|author|nurse|doctor|teacher|
    friend|boss|partner|with|by|asked|told|wrote|call|ask|son|daughter|mother|father|ich bin|hallo|liebe|lieber|
    je suis|bonjour|cher|chère|ici|soy|hola|sono|ciao|caro|cara|ik ben|beste|hoi|jestem|cześć|sou|olá|cliente|para|
    von|mit|an|frag|avec|con|met|z|com"""
)
"""What may stand before a name and before much else: a list must know one of its words."""
BEFORE_TWO = _words("i contact contacter contacto contactar contacts contattare contacteer ici kontakt")
"""What stands before a name of two words or more."""
AFTER = (
    r"lives?|called|calls|wrote|said|says|ordered|paid|asked|emailed|works|joined|moved|reported|complained|wants"
    r"|from|requested|signed|and\sI|habite|a\sappelé|wohnt|schrieb|rief|vive|llamó|escribió|abita|scrive|woont|belde|mieszka|napisał|mora|ligou"
)
"""A pattern of what follows upon a person's name."""
NEVER = _words(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december montag dienstag mittwoch donnerstag freitag samstag januar februar märz mai
    juni juli oktober dezember lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves
    viernes sábado domingo inc ltd llc gmbh ag sa corp corporation company co plc bv kg se oy ab spa srl bank
    university college institute school hospital ministry department council group holdings partners foundation
    association museum library hotel airport station church street avenue road lane drive square park bridge river
    lake mountain county city state island court boulevard team support sales service services customer customers
    everyone everybody all sir madam there folks colleagues admin english german french spanish italian dutch polish
    portuguese european american british i we you he she it they the a an this that these those my your our his her
    its their what when where who why how which please yes no not and or but if then so for from to in on at by of
    with as is are was were be can could would should will thanks thank hello hi hey dear regards re fwd order
    invoice ticket phone email card account number address date version ich wir sie er es der die das ein eine und
    oder mein meine ihr ihre bitte nicht kein am im je tu il elle nous vous le la les un une el los las yo mi su por
    io lo gli ik wij zij de het een ja ona o os um uma eu did do does have has had add remove call mail send ship
    ask tell write read open close set get let draft compare increase decrease check verify summarize translate
    update delete show list find use see note according about after before since until during both each every any
    some many most more less new next last first second third only also just still kann könnte können könnten ist
    sind war hat haben wann warum wieso wer wie wo welche welcher welches auf mit von nach für est-ce où quand qui
    que quoi pourquoi comment pouvez pourriez puis-je voici merci est sont mon ma mes votre vos puede podría cuándo
    dónde quién qué cómo cuánto para está son tiene tengo può potrebbe quando dove chi che cosa come quanto perché
    vorrei ho hai sono kan kunt kunnen waar wanneer wat hoe hoeveel waarom zijn heeft czy kiedy gdzie kto jak ile
    dlaczego proszę jest są mam pode poderia onde quem qual quais como é são tem pdf csv html json api url usa uk us
    id hr ceo cto cfo vat iban ssn dob pin cvv"""
)
"""Words with a capital, at the beginning of a sentence or always, that no name holds."""
AFTER_A_PLACE = _words(
    """street st avenue ave road rd lane drive boulevard square park bridge bank university college hospital airport
    station museum library inc ltd llc gmbh ag corp plc hotel foundation institute company group county island beach
    river lake mountain valley straße strasse platz allee weg"""
)
"""What makes a street, a company or a mountain of the name before it."""
REALLY_NAMES = _words(
    """antonio carlos claire dan donna ella felipe fernando fleur francisco françois jan jorge josé juan julio luis
    manuel martín maría miguel pablo pedro pierre piotr rafael sam santiago sean stella victoria"""
)
"""Words of Faker's sample texts that are names and nothing else where they begin with a capital."""
ORDINARY = _words(
    """will mark may april june august grace hope bill rose jack art frank dean chase hunter mason faith joy iris ivy
    summer autumn winter dawn penny sue pat rob drew gene chance miles austin paris sydney florence charlotte jordan
    chad georgia virginia carolina victoria london chelsea brooklyn dakota savannah cheyenne madison houston dallas
    denver phoenix orlando lincoln jackson jefferson washington franklin carter cooper taylor tanner parker page
    price bond case cash clay cole colt cliff dale dell dusty ernest earnest eve fern forest gale glen grant guy
    heather holly honey jade jasmine jean jewel josh junior kit lance laurel lily lane lee major marina marshall max
    mercedes mercy mike mist olive opal patience pearl piper poppy prince princess queen king rain ray reed rich
    rocky ruby rusty sage sandy sky skip star stone storm terry theo tiffany tony trinity tripp van viola violet
    wade walker ward warren wendy west wren amber angel asia basil bay berry blue brandy brook brooke buck bud candy
    carol charity cherry chip christian china christmas cinnamon clarity coral crystal daisy destiny diamond don
    earl easter eden ella else essence ever france freedom friday ginger glory gray guide hazel heaven india israel
    italia justice kale kansas karma legend lotus love magnolia march melody misty monday nova ocean old pansy peace
    pepper petal pilot precious promise rebel ridge river robin royal saint senator serenity shadow shore silver
    sierra spirit spring sunny sunday tara tempest teal tiger time timber treasure truth valentine venus wisdom
    young zen bing do an man so can us my per the das die der ein eine und oder von mit bei ist sind war hat haben
    wie was wer wo nur noch auch sehr mehr als für mar sol luz paz cruz santos reyes reina rey mil dos tres son con
    sin para por una uno los las del que como mia cara bella bianca bruna celeste chiara serena luce stella fortuna
    vera rosa gioia grazia speranza marine aurore prudence solange constance clémence juste parfait désiré bienvenue
    noël ange long strong short best bank post field church street house home office order number account card phone
    email key word rule plan data test team user admin support sales service help hello thanks thank regards dear
    sir madam aud baba dev edit elif eline lean lex lone meta peer owe said sep server sys ties tilde tone urban
    arts bail banks bird branch burns cal cases char cross dash english fields font foster golden gross handler held
    junk lie marks mast master pages parks pop powers sane sharp singleton weeks wise odd gun even tell bitte danke
    guten tag herr frau ort sonntag alle
    conn constant fancy innocent lies loan made block bare convey fair fee flood freely fresh fuller grey guard hook
    judge link mac org parts reader renders roots stack unt were"""
)
"""Given names and surnames that are words as well: alone they say nothing."""
