"""Private values of our own making for ten locales, valid by their checksums, and the two lists of names they use."""

from __future__ import annotations

import random
import string
from base64 import urlsafe_b64encode
from collections.abc import Callable

from stdnum import iban, luhn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.us import ssn

LOCALES = ("us", "gb", "de", "fr", "es", "it", "nl", "pl", "br", "in")

# (given names, surnames) by locale, in three parts: two for tuning, the third for the measure.
_NAMES = {
    "us": ("Michael Jennifer Tyler Ashley Latoya DeShawn Kimberly Brandon | Megan Jason Heather Trevor Aaliyah Curtis Shannon Derek | Kaitlyn Marcus Jessica Dwayne Holly Brent Chantelle Ethan",
           "Thompson Ramirez O'Connor Whitaker Nguyen Kowalski Freeman | Hernandez Sullivan McAllister Vanderbilt Okafor Stephens Bauer | Richardson Gutierrez Hollingsworth Nakamura Washington Pruitt Delgado"),
    "gb": ("Nigel Harriet Gareth Imogen Callum Priya Alistair | Rupert Gemma Hamish Bronwen Oliver Zara Fiona | Duncan Philippa Rhys Saoirse Tariq Beatrix",
           "Ashworth Pemberton Davies Featherstone Campbell Hussain | Holloway Llewellyn Fairclough MacDonald Begum Wetherby | Blackwood Harrington Prosser Chowdhury Dalgleish Winterbourne"),
    "de": ("Jürgen Sabine Thorsten Heike Matthias Anneliese Kevin | Wolfgang Ulrike Steffen Brigitte Lukas Hannelore Emre | Friedrich Gudrun Jan Petra Dieter Aylin",
           "Krause Schneider Obermüller Voigt Hoffmann Yilmaz | Zimmermann Lehmann Graf-Hohenberg Brandt Kowalczyk Weiß | Schröder Baumgartner Kühn Peters Özdemir Hartwig"),
    "fr": ("Thierry Camille Mathieu Élodie Jean-Luc Aurélie | Guillaume Sandrine Bastien Océane Marie-Claude Yannick | Benoît Céline Olivier Maëlys Hugues Nathalie",
           "Lefèvre Dubois Moreau Chevallier Benali Rousseau | Fontaine Girard Marchand Delacroix Traoré Perrin | Mercier Gauthier Lemoine Haddad Bertrand Chauvin"),
    "es": ("Javier Lucía Alejandro Inmaculada Sergio Rocío | Álvaro Beatriz Gonzalo Montserrat Iker Nuria | Ignacio Pilar Rubén Yolanda Xavier Marta",
           "García Domínguez Navarro Ibáñez Echeverría Molina | Fernández Vázquez Castaño Herrero Zubizarreta Ríos | Gutiérrez Ortega Salazar Peñalver Cabello Urrutia"),
    "it": ("Giuseppe Francesca Lorenzo Alessandra Matteo Ilaria | Gianluca Valentina Davide Ornella Federico Silvia | Salvatore Chiara Riccardo Martina Pietro Elisa",
           "Esposito Ricciardi Colombo Barbieri Conti Santoro | Bianchi Marchetti Ferrara Pellegrini De Luca Galli | Rossi Caruso Lombardi Bellini Rinaldi Tedesco"),
    "nl": ("Sander Marijke Bram Anouk Joost Fatima | Ruben Femke Wouter Liesbeth Daan Yasmina | Pieter Sanne Jeroen Maaike Rik",
           "Bakker Jansen Visser Hoekstra Dijkstra | Mulder Smit Vermeulen Zijlstra Brouwer | Meijer Postma Kuipers Veenstra Hendriks"),
    "pl": ("Krzysztof Agnieszka Paweł Małgorzata Tomasz | Grzegorz Katarzyna Łukasz Joanna Zbigniew | Andrzej Monika Wojciech Ewa Mateusz",
           "Kowalski Wiśniewska Zieliński Lewandowska Wójcik | Nowak Kamińska Dąbrowski Szymańska Mazur | Jankowski Kaczmarek Pawlak Wróbel Sikorska"),
    "br": ("Thiago Juliana Rodrigo Fernanda Wellington | Gustavo Letícia Caio Patrícia Everton | Leandro Camila Eduardo Bianca Fábio",
           "Oliveira Carvalho Nascimento Barbosa Teixeira | Almeida Ferreira Cavalcanti Rocha Monteiro | Ribeiro Moreira Cardoso Pires Lacerda"),
    "in": ("Rajesh Ananya Vikram Lakshmi Sanjay Deepika | Arjun Kavita Suresh Meenakshi Rohan Sunita | Amit Pooja Harish Nandini Imran",
           "Sharma Iyer Chatterjee Reddy Patel | Gupta Nair Banerjee Deshmukh Verma | Krishnan Mehta Kulkarni Bose Siddiqui"),
}  # fmt: skip
_CITIES = {
    "us": "Springfield|Cedar Rapids|Tulsa|Fort Collins|Chattanooga", "gb": "Leeds|Norwich|Milton Keynes|Swansea|Hull",
    "de": "Bielefeld|Freiburg im Breisgau|Köln|Leipzig|Bad Homburg", "fr": "Grenoble|Saint-Étienne|Rennes|Le Havre|Aix-en-Provence",
    "es": "Zaragoza|Las Palmas|Murcia|San Sebastián|Gijón", "it": "Bergamo|Reggio Emilia|Palermo|La Spezia|Trieste",
    "nl": "Den Haag|Eindhoven|Zwolle|Breda|Alphen aan den Rijn", "pl": "Gdańsk|Bydgoszcz|Zielona Góra|Łódź|Rzeszów",
    "br": "Curitiba|Belo Horizonte|Recife|Porto Alegre|Goiânia", "in": "Pune|Hyderabad|Kochi|New Delhi|Jaipur",
}  # fmt: skip

_STREETS = {
    "Maple": ("Juniper", "Sycamore Ridge"), "Church": ("Mill", "Orchard"), "High": ("Victoria", "Castle"), "Bahnhofstraße": ("Lindenallee", "Schillerplatz"),
    "Karl-Marx-Allee": ("Goethestr.", "Neue Straße"), "Alten Markt": ("Stadtpark", "Kirchberg"), "de la République": ("des Lilas", "Victor Hugo"),
    "boulevard Voltaire": ("impasse Pasteur", "quai de Seine"), "Mayor": ("Alcalá", "San Vicente"), "Constitución": ("Libertad", "Paz"),
    "España": ("Cataluña", "Colón"), "Garibaldi": ("Mazzini", "XX Settembre"), "Vittorio Emanuele": ("Umberto I", "Buenos Aires"), "Duomo": ("Popolo", "Mercato"),
    "Kerkstraat": ("Dorpsweg", "Molenlaan"), "Keizersgracht": ("Prinsengracht", "Oudekade"), "Van Goghlaan": ("Beethovenplein", "Tulpstraat"),
    "Mickiewicza": ("Słowackiego", "Polna"), "Jana Pawła II": ("Solidarności", "Niepodległości"), "Laranjeiras": ("Acácias", "Palmeiras"),
    "Paulista": ("Brasil", "Getúlio Vargas"), "Gandhi": ("Nehru", "Shastri"), "MG Road": ("Station Road", "Lake View Road"),
}  # fmt: skip
"""What streets are called in the other parts, in place of their names in the first."""


class Values:
    """Draws values with a seed of its own; `part` says which names and streets it takes: 0 and 1 for tuning, 2 for the measure."""

    def __init__(self, seed: int, part: int) -> None:
        self._draw = random.Random(seed)  # a corpus that is the same in every run
        self._part = part

    def value(self, kind: str, locale: str) -> str:
        """A value of the kind as people of the locale write it."""
        makers: dict[str, Callable[[str], str]] = {
            "email": self._email, "phone": self._phone, "card": self._card, "iban": self._iban, "ip": self._ip,
            "national_id": self._national_id, "credential": self._credential, "password": self._password, "person": self._person,
            "first": self._given, "last": self._surname, "address": self._address,
        }  # fmt: skip
        return makers[kind](locale)

    def filler(self, kind: str) -> str:
        """Something that is no private value and looks like one: an order number, a version, an amount."""
        makers = {
            "order": lambda: self._some("ORD-#######|20##-00####|#########|SO######-##|PO 45########|#######-###"),
            "version": lambda: self._some("%.##.#|%.%.##.####|1#.%.####|v%.#.%.#"),
            "amount": lambda: self._some("%,###.##|%#.###,##|%## ###|%#,###,###"),
            "isbn": lambda: self._some("978-3-16-1484##-0|978-0-306-40###-7|97814028946##"),
            "date": lambda: self._some("2023-0%-1#|1%/0%/2024|0%.1%.2022|March 1%, 2021|1% May 2020"),
            "time": lambda: self._some("1%:4#|0%:15:3#|%:3# pm"),
            "code": lambda: self._some("E-####|HX-##-%%|SKU ##-####|RMA#####|TS-%%-####/B"),
            "number": lambda: self._some("%#|%##|%####"),
        }
        return makers[kind]()

    def _some(self, patterns: str) -> str:
        """One of the patterns: `#` is a digit, `%` a digit from 2 to 8, `@` a letter."""
        pattern = self._draw.choice(patterns.split("|"))
        table = {"#": string.digits, "%": "2345678", "@": "ABCDEFGHJKLMNPRSTUVWXYZ"}
        return "".join(self._draw.choice(table[c]) if c in table else c for c in pattern)

    def _until(self, pattern: str, valid: Callable[[str], bool]) -> str:
        while not valid(number := self._some(pattern)):
            pass
        return number

    def _name(self, locale: str, part: int) -> str:
        return self._draw.choice([n for n in _NAMES[locale][part].split("|")[self._part].split() if n != "De"])

    def _given(self, locale: str) -> str:
        return self._name(locale, 0)

    def _surname(self, locale: str) -> str:
        return self._name(locale, 1)

    def _person(self, locale: str) -> str:
        given, surname = self._given(locale), self._surname(locale)
        forms = [f"{given} {surname}"] * 5 + [
            f"{given} {self._some('@')}. {surname}",
            f"{given} {surname}-{self._surname(locale)}",
        ]
        if locale == "nl":
            forms += [f"{given} van der {surname}", f"{given} de {surname}"]
        if locale in ("es", "br"):
            forms += [f"{given} {surname} {self._surname(locale)}", f"{given} de {surname}"]
        return self._draw.choice(forms)

    def _email(self, locale: str) -> str:
        plain = str.maketrans("üéèöäßçñáíóúÉÁŁłąęśżźńćÓâãêô'", "ueeoascnaiouEALlaeszzncOaaeo_")
        given, surname = (
            name.translate(plain).lower().replace("-", "") for name in (self._given(locale), self._surname(locale))
        )
        user = self._draw.choice(
            (f"{given}.{surname}", f"{given[0]}{surname}", f"{given}_{surname}{self._some('##')}", f"{surname}+news")
        )
        host = self._draw.choice(
            (
                "example.com",
                "mail.example.org",
                "post.example.co.uk",
                f"firma-{surname[:4]}.de",
                "web.example.fr",
                "acme.io",
                "example.com.br",
            )
        )
        return f"{user}@{host}"

    def _phone(self, locale: str) -> str:
        return self._some(
            {
                "us": "(%1%) %%#-####|%1%-%%#-####|+1 %1% %%# ####|%1%.%%#.####|1-%1%-%%#-####",
                "gb": "020 7946 0###|07700 900###|+44 20 7946 0###|+44 7700 900###|(01632) 960###|0161 496 0###",
                "de": "030 23125 ###|+49 30 23125###|0171 39200##|(089) 99998-###|0221 4710 ###|+49 (0)40 66969 ###",
                "fr": "01 99 00 ## ##|+33 1 99 00 ## ##|06 39 98 ## ##|04.65.71.##.##|+33639980###",
                "es": "+34 6%# ### ###|6%# ### ###|91% ### ###|6%# ## ## ##",
                "it": "+39 06 5%## ####|34% ### ####|02 4%## ####|+39 33% #######",
                "nl": "+31 6 1%######|06-2%######|020-6%# ####|+31 (0)20 6%# ####",
                "pl": "+48 5%# ### ###|60% ### ###|+48 22 8%# ## ##|50%-###-###",
                "br": "(11) 9%###-####|+55 21 9%###-####|(41) 3%##-####",
                "in": "+91 98%## #####|098%# ######|+91-98%###-####",
            }[locale]
        )

    def _card(self, locale: str) -> str:
        start = self._draw.choice(("4", "4", "51", "53", "55", "2221", "37", "34", "6011", "3530"))
        length = 15 if start in ("37", "34") else 16
        body = start + self._some("#" * (length - 1 - len(start)))
        digits = body + luhn.calc_check_digit(body)
        groups = (4, 10, 15) if length == 15 else (4, 8, 12, 16)
        parts = [digits[a:b] for a, b in zip((0, *groups), groups, strict=False)]
        return self._draw.choice(("", " ", " ", "-")).join(parts)

    def _iban(self, locale: str) -> str:
        body = {
            "de": "DE|##################", "gb": "GB|WEST##############", "fr": "FR|#######################", "es": "ES|####################",
            "it": "IT|X######################", "nl": "NL|ABNA##########", "pl": "PL|########################", "br": "BR|#######################P1",
        }.get(locale, "AT|################|CH|#################").split("|")  # fmt: skip
        country, pattern = self._draw.choice([(body[i], body[i + 1]) for i in range(0, len(body), 2)])
        while True:
            bban = self._some(pattern)
            number = country + iban.calc_check_digits(country + "00" + bban) + bban
            if iban.is_valid(number, check_country=True):
                break
        spaced = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        return self._draw.choice((number, spaced, spaced))

    def _ip(self, locale: str) -> str:
        draw = self._draw.randrange
        if draw(4):
            return f"{draw(11, 223)}.{draw(256)}.{draw(256)}.{draw(1, 255)}"
        return self._draw.choice(
            (
                f"2001:db8:{draw(65536):x}::{draw(65536):x}",
                f"fe80::{draw(65536):x}:{draw(65536):x}:{draw(65536):x}:{draw(1, 65536):x}",
            )
        )

    def _national_id(self, locale: str) -> str:
        some = self._some
        if locale == "gb":
            return self._draw.choice((some("AB ## ## ## C"), some("JM######D")))
        if locale == "in":
            digits = self._until("%###########", aadhaar.is_valid)
            return self._draw.choice((f"{digits[:4]} {digits[4:8]} {digits[8:]}", some("@@@P@####@")))
        if locale == "it":
            body = some("RSSMRA8#A1#H501")
            return str(body + codicefiscale.calc_check_digit(body))
        if locale == "es":
            return self._draw.choice(
                (
                    self._until("########@", dni.is_valid),
                    self._until("X#######@", nie.is_valid),
                    self._until("%#######-@", dni.is_valid),
                )
            )
        if locale == "fr":
            digits = self._until("18%0%7%0##0##", lambda d: len(d) == 13)
            whole = digits + str(nir.calc_check_digits(digits))
            return self._draw.choice(
                (whole, f"{whole[0]} {whole[1:3]} {whole[3:5]} {whole[5:7]} {whole[7:10]} {whole[10:13]} {whole[13:]}")
            )
        valid, pattern, groups = {
            "us": (ssn.is_valid, "%#%%#####", (3, 5, 9)), "de": (idnr.is_valid, "%##########", (2, 5, 8, 11)), "nl": (bsn.is_valid, "########%", (9,)),
            "pl": (pesel.is_valid, "%#0%1######", (11,)), "br": (cpf.is_valid, "###########", (3, 6, 9)),
            "be": (nn.is_valid, "%#0%1######", (11,)), "ca": (sin.is_valid, "%########", (3, 6, 9)),
        }[locale]  # fmt: skip
        digits = self._until(pattern, valid)
        if locale == "br":
            return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"
        return {"us": "-", "de": " "}.get(locale, "").join(
            digits[a:b] for a, b in zip((0, *groups), groups, strict=False)
        )

    def _letters(self, n: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        return "".join(self._draw.choices(alphabet, k=n))

    def _credential(self, locale: str) -> str:
        """A key or token of a form that its issuer gave it. Written in two parts, so that no scanner takes this for one."""
        part = urlsafe_b64encode(self._letters(24).encode()).decode().rstrip("=")
        return self._draw.choice(
            (
                "AKI" + "A" + self._letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), "gh" + "p_" + self._letters(36), "xox" + "b-" + self._some("##########-") + self._letters(24),
                "sk_" + "live_" + self._letters(24), "ey" + f"JhbGciOiJIUzI1NiJ9.ey{part}.{self._letters(43)}", "AI" + "za" + self._letters(35), "glp" + "at-" + self._letters(20),
                "sk-" + "ant-api03-" + self._letters(40), "-----BEGIN " + f"PRIVATE KEY-----\n{self._letters(64)}\n{self._letters(40)}\n-----END PRIVATE KEY-----",
            )
        )  # fmt: skip

    def _password(self, locale: str) -> str:
        return self._draw.choice(
            (
                self._letters(6) + self._some("##!"),
                self._given("us") + self._some("####"),
                "Tr0ub" + self._some("##&%"),
                self._letters(14) + self._some("#"),
            )
        )

    def _address(self, locale: str) -> str:
        some, city, name = self._some, self._draw.choice(_CITIES[locale].split("|")), self._surname(locale)
        address = self._draw.choice(
            {
                "us": (some(f"%#% Maple Avenue, {city}, OH 4####"), some(f"1%## {name} Road, Apt %B, {city}, TX 7####"), some("%# West 4#th Street"), some(f"P.O. Box %##, {city}, IA 5####")),
                "gb": (some(f"%% Church Lane, {city}, LS% %AB"), some(f"Flat %, 1# {name} Gardens, {city} NR% %QW"), some("%# High Street")),
                "de": (some(f"Bahnhofstraße %#, 5#### {city}"), some(f"Am Alten Markt %, 0#### {city}"), some(f"{name}weg %a"), some(f"Karl-Marx-Allee 1#%, 1#### {city}")),
                "fr": (some(f"1% rue de la République, 3#### {city}"), some(f"%# avenue {self._given(locale)} {name}, 7500% Paris"), "5 bis boulevard Voltaire"),
                "es": (some(f"Calle Mayor, %#, 5#### {city}"), some(f"Avenida de la Constitución 1%, %º B, 3#### {city}"), some("Plaza España %")),
                "it": (some(f"Via Garibaldi 2%, 2#### {city}"), some(f"Corso Vittorio Emanuele %#, {city}"), some("Piazza del Duomo %")),
                "nl": (some(f"Kerkstraat %#, 1%## AB {city}"), some("Keizersgracht %#%"), some(f"Van Goghlaan 1#, 3%## CD {city}")),
                "pl": (some(f"ul. Mickiewicza %#/1%, 3#-### {city}"), some(f"al. Jana Pawła II %#, 0#-### {city}")),
                "br": (some(f"Rua das Laranjeiras, %##, {city}, 8####-###"), some(f"Av. Paulista 1%##, apto 5%, 0####-### {city}")),
                "in": (some(f"%#, Gandhi Nagar, {city} 4#####"), some(f"1#/% MG Road, {city} - 5#####")),
            }[locale]
        )  # fmt: skip
        for street, others in _STREETS.items() if self._part else ():
            address = address.replace(street, others[self._part - 1])
        return address
