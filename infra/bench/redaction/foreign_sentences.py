"""Sentences in the styles in which values come (chat, mail, forms, JSON, CSV, logs) and in twelve locales' languages,
for values that Faker draws."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "en_US": "Name|Phone|Card number|IBAN|SSN|E-mail|Address|Password",
    "en_GB": "Full name|Tel|Credit card|IBAN|National Insurance number|Email|Address|Password",
    "de_DE": "Name|Telefon|Kartennummer|IBAN||E-Mail|Anschrift|Passwort",
    "fr_FR": "Nom|Téléphone|Carte bancaire|IBAN|N° de sécurité sociale|Courriel|Adresse|Mot de passe",
    "es_ES": "Nombre|Teléfono|Tarjeta de crédito|IBAN|NIF|Correo|Dirección|Contraseña",
    "it_IT": "Nome|Telefono|Carta di credito|IBAN|Codice fiscale|Email|Indirizzo|Password",
    "nl_NL": "Naam|Telefoon|Creditcard|IBAN|BSN|E-mail|Adres|Wachtwoord",
    "pl_PL": "Imię i nazwisko|Telefon|Numer karty|IBAN|PESEL|E-mail|Adres|Hasło",
    "pt_BR": "Nome|Telefone|Cartão|IBAN|CPF|E-mail|Endereço|Senha",
    "ru_RU": "ФИО|Телефон|Номер карты|||Почта|Адрес|Пароль",
    "ja_JP": "氏名|電話|カード番号|||メール|住所|パスワード",
    "sv_SE": "Namn|Telefon|Kortnummer|IBAN|Personnummer|E-post|Adress|Lösenord",
}
"""What a form calls a name, a phone, a card, an IBAN, a national number, an e-mail, an address, a password."""
SPOKEN: dict[str, tuple[str, str]] = {
    "en_US": (
        """hey can u call me at {phone} pls, {person} here
the number on the card is {card} and it got declined again
I live at {address}, could you send a replacement there?
fax it over to {phone}, attention {person}
my social is {national_id}""",
        """reach our desk on {phone} any time after nine
Hi team, {person} asked for the refund to go to {iban}.
moved last week! new place: {address}
card ending... no wait here is all of it: {card}
You can dial {phone} or write to {email}, ask for {person}.""",
    ),
    "en_GB": (
        """Ring me on {phone} when the courier has been.
Kind regards,
{person}
{address}
please debit {card} for the annual plan""",
        """My mobile's {phone}, the office one is {phone}.
{person} of {address} has written again.
NI no. {national_id} as requested
The account to pay is {iban}.""",
    ),
    "de_DE": (
        """Rufen Sie mich bitte unter {phone} zurück, {person}
Meine Kreditkarte {card} wurde doppelt belastet.
Ich bin umgezogen, ab jetzt: {address}""",
        """Fax: {phone}, Durchwahl steht im Brief. Gruß {person}
Überweisen Sie auf {iban}, Kontoinhaber {person}.
Das Paket soll an {address} gehen.
Mobil erreichen Sie mich am besten: {phone}""",
    ),
    "fr_FR": (
        """Vous pouvez me joindre au {phone}, {person}
J'ai déménagé au {address}.
numéro de la carte : {card}""",
        """Appelez le {phone} et demandez {person}.
Virement à faire sur {iban} svp
mon numéro de sécu c'est {national_id}
Livrer à {person}, {address}""",
    ),
    "es_ES": (
        """llámame al {phone} cuando puedas, soy {person}
La tarjeta {card} no pasa.
Vivo en {address}.""",
        """Mi fijo: {phone}. Atentamente, {person}
ingresad el importe en {iban}
mi dni {national_id} por si hace falta
Enviadlo a {address} a nombre de {person}.""",
    ),
    "it_IT": (
        """chiamami al {phone} dopo pranzo, {person}
Il numero della carta è {card}.
Abito in {address}.""",
        """Cellulare {phone}, chiedere di {person}
bonificate su {iban} grazie
codice fiscale {national_id}
Spedire a {person}, {address}""",
    ),
    "nl_NL": (
        """bel me even op {phone}, groet {person}
Mijn kaartnummer is {card}.
Ik woon tegenwoordig op {address}.""",
        """U bereikt mij op {phone}. Met vriendelijke groet, {person}
graag overmaken naar {iban}
bsn {national_id}
Stuur het naar {person}, {address}""",
    ),
    "pl_PL": (
        """proszę dzwonić na {phone}, {person}
Numer mojej karty to {card}.
Mieszkam: {address}.""",
        """Mój numer: {phone}. Pozdrawiam, {person}
przelew na {iban} poproszę
mój pesel {national_id}
Wysłać do: {person}, {address}""",
    ),
    "pt_BR": (
        """me liga no {phone}, aqui é {person}
O cartão {card} foi clonado.
Moro em {address}.""",
        """Meu celular é {phone}. Obrigado, {person}
transferir para {iban} por favor
meu cpf {national_id}
Entregar para {person} em {address}.""",
    ),
    "ru_RU": (
        """Позвоните мне по номеру {phone}, {person}
Моя карта {card} заблокирована.
Я живу по адресу {address}""",
        """Мой телефон {phone}. С уважением, {person}
оплата картой {card} не прошла
Доставьте заказ: {person}, {address}""",
    ),
    "ja_JP": (
        """{person}と申します。電話は{phone}です。
カード番号は {card} です。
住所は{address}です。""",
        """折り返し {phone} までお願いします。{person}
クレジットカード {card} が使えません。
お届け先：{address} {person}様""",
    ),
    "sv_SE": (
        """ring mig på {phone}, hälsningar {person}
Mitt kort {card} fungerar inte.
Jag bor på {address}.""",
        """Du når mig på {phone}. Vänliga hälsningar, {person}
kortnumret är {card}
personnummer {national_id}
Skicka till {person}, {address}""",
    ),
}
"""By locale, what people write: first for tuning, then what the rules are judged by."""
FORMS: tuple[tuple[str, ...], tuple[str, ...]] = (
    (
        "{w0}: {person}\n{w1}: {phone}\n{w5}: {email}",
        '{{"id": {~number}, "customer": {{"full_name": "{person}", "phone": "{phone}", "email": "{email}"}}}}',
        "order;name;phone;total\n{~order};{person};{phone};{~amount}",
        "{~stamp} INFO payment accepted card={card} ip={ip} ref={~hex}",
        "{w2}: {card}",
        "{w4}: {national_id}",
        "{w3}: {iban}",
        "{w7}: {credential}",
        '{{"iban": "{iban}", "amount": "{~amount}", "trace": "{~hex}"}}',
        "{w6}: {address}",
    ),
    (
        "| {w0} | {person} |\n| {w1} | {phone} |",
        '{{"contact": {{"name": "{person}", "mobile": "{phone}", "mail": "{email}"}}, "build": "{~version}"}}',
        "id,email,phone,ip\n{~number},{email},{phone},{ip}",
        "{~stamp} WARN login failed user={email} from={ip} attempt={~number}",
        "{w2} = {card}",
        "{w4} {national_id}",
        "{w3} {iban}",
        'password="{credential}" host={ip}',
        '{{"cc": "{card}", "order": "{~order}", "version": "{~version}"}}',
        "{w6} - {address}",
    ),
)
"""The same for forms, JSON, CSV and logs; `w0` to `w7` are the locale's words."""
HARMLESS: tuple[tuple[str, ...], tuple[str, ...]] = (
    (
        "Order {~order} ships in {~number} days",
        "upgraded from {~version} to {~version}",
        "commit {~hex} fixes the crash",
        "ISBN {~isbn}",
        "position {~coordinates}",
        '{{"ts": {~epoch}, "sha": "{~hex}", "version": "{~version}"}}',
        "{~stamp} DEBUG took {~number} ms, id={~uuid}",
        "Invoice {~order} over {~amount}",
        "sku,stock,price\n{~order},{~number},{~amount}",
    ),
    (
        "Tracking no. {~order}, weight {~number} g",
        "requires firmware {~version} or {~version}",
        "request {~uuid} failed at {~stamp}",
        "Bestellnummer {~order} vom {~date}",
        "lat/lon {~coordinates}",
        '{{"build": "{~version}", "etag": "{~hex}", "expires": {~epoch}}}',
        "book {~isbn} is out of stock until {~date}",
        "facture {~order}, total {~amount}",
        "part;qty\n{~order};{~number}",
    ),
)
"""Nothing private, and like it."""
