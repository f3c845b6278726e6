"""Names, towns and streets of ten locales for the corpus of redaction, in three parts that share nothing: two to tune
the rules on, the third for the measure."""

from __future__ import annotations


def _parts(table: str) -> dict[str, tuple[list[str], ...]]:
    """A locale's lines, one a part, each a list."""
    lines: dict[str, list[list[str]]] = {}
    for line in table.split("\n"):
        if line.strip():
            locale, rest = line.strip().split(" ", 1)
            lines.setdefault(locale, []).append([item.strip() for item in rest.split(",")])
    return {locale: tuple(parts) for locale, parts in lines.items()}


GIVEN = _parts(
    """
    us Michael, Jennifer, Tyler, Ashley, Latoya, DeShawn, Kimberly, Brandon
    us Megan, Jason, Heather, Trevor, Aaliyah, Curtis, Shannon, Derek
    us Kaitlyn, Marcus, Jessica, Dwayne, Holly, Brent, Chantelle, Ethan
    gb Nigel, Harriet, Gareth, Imogen, Callum, Priya, Alistair
    gb Rupert, Gemma, Hamish, Bronwen, Oliver, Zara, Fiona
    gb Duncan, Philippa, Rhys, Saoirse, Tariq, Beatrix
    de Jürgen, Sabine, Thorsten, Heike, Matthias, Anneliese, Kevin
    de Wolfgang, Ulrike, Steffen, Brigitte, Lukas, Hannelore, Emre
    de Friedrich, Gudrun, Jan, Petra, Dieter, Aylin
    fr Thierry, Camille, Mathieu, Élodie, Jean-Luc, Aurélie
    fr Guillaume, Sandrine, Bastien, Océane, Marie-Claude, Yannick
    fr Benoît, Céline, Olivier, Maëlys, Hugues, Nathalie
    es Javier, Lucía, Alejandro, Inmaculada, Sergio, Rocío
    es Álvaro, Beatriz, Gonzalo, Montserrat, Iker, Nuria
    es Ignacio, Pilar, Rubén, Yolanda, Xavier, Marta
    it Giuseppe, Francesca, Lorenzo, Alessandra, Matteo, Ilaria
    it Gianluca, Valentina, Davide, Ornella, Federico, Silvia
    it Salvatore, Chiara, Riccardo, Martina, Pietro, Elisa
    nl Sander, Marijke, Bram, Anouk, Joost, Fatima
    nl Ruben, Femke, Wouter, Liesbeth, Daan, Yasmina
    nl Pieter, Sanne, Jeroen, Maaike, Rik
    pl Krzysztof, Agnieszka, Paweł, Małgorzata, Tomasz
    pl Grzegorz, Katarzyna, Łukasz, Joanna, Zbigniew
    pl Andrzej, Monika, Wojciech, Ewa, Mateusz
    br Thiago, Juliana, Rodrigo, Fernanda, Wellington
    br Gustavo, Letícia, Caio, Patrícia, Everton
    br Leandro, Camila, Eduardo, Bianca, Fábio
    in Rajesh, Ananya, Vikram, Lakshmi, Sanjay, Deepika
    in Arjun, Kavita, Suresh, Meenakshi, Rohan, Sunita
    in Amit, Pooja, Harish, Nandini, Imran
    """
)
"""Given names."""
SURNAMES = _parts(
    """
    us Thompson, Ramirez, O'Connor, Whitaker, Nguyen, Kowalski, Freeman
    us Hernandez, Sullivan, McAllister, Vanderbilt, Okafor, Stephens, Bauer
    us Richardson, Gutierrez, Hollingsworth, Nakamura, Washington, Pruitt, Delgado
    gb Ashworth, Pemberton, Davies, Featherstone, Campbell, Hussain
    gb Holloway, Llewellyn, Fairclough, MacDonald, Begum, Wetherby
    gb Blackwood, Harrington, Prosser, Chowdhury, Dalgleish, Winterbourne
    de Krause, Schneider, Obermüller, Voigt, Hoffmann, Yilmaz
    de Zimmermann, Lehmann, Graf-Hohenberg, Brandt, Kowalczyk, Weiß
    de Schröder, Baumgartner, Kühn, Peters, Özdemir, Hartwig
    fr Lefèvre, Dubois, Moreau, Chevallier, Benali, Rousseau
    fr Fontaine, Girard, Marchand, Delacroix, Traoré, Perrin
    fr Mercier, Gauthier, Lemoine, Haddad, Bertrand, Chauvin
    es García, Domínguez, Navarro, Ibáñez, Echeverría, Molina
    es Fernández, Vázquez, Castaño, Herrero, Zubizarreta, Ríos
    es Gutiérrez, Ortega, Salazar, Peñalver, Cabello, Urrutia
    it Esposito, Ricciardi, Colombo, Barbieri, Conti, Santoro
    it Bianchi, Marchetti, Ferrara, Pellegrini, Luca, Galli
    it Rossi, Caruso, Lombardi, Bellini, Rinaldi, Tedesco
    nl Bakker, Jansen, Visser, Hoekstra, Dijkstra
    nl Mulder, Smit, Vermeulen, Zijlstra, Brouwer
    nl Meijer, Postma, Kuipers, Veenstra, Hendriks
    pl Kowalski, Wiśniewska, Zieliński, Lewandowska, Wójcik
    pl Nowak, Kamińska, Dąbrowski, Szymańska, Mazur
    pl Jankowski, Kaczmarek, Pawlak, Wróbel, Sikorska
    br Oliveira, Carvalho, Nascimento, Barbosa, Teixeira
    br Almeida, Ferreira, Cavalcanti, Rocha, Monteiro
    br Ribeiro, Moreira, Cardoso, Pires, Lacerda
    in Sharma, Iyer, Chatterjee, Reddy, Patel
    in Gupta, Nair, Banerjee, Deshmukh, Verma
    in Krishnan, Mehta, Kulkarni, Bose, Siddiqui
    """
)
"""Surnames."""
TOWNS = {
    "us": ("Springfield", "Cedar Rapids", "Tulsa", "Fort Collins", "Chattanooga"),
    "gb": ("Leeds", "Norwich", "Milton Keynes", "Swansea", "Hull"),
    "de": ("Bielefeld", "Freiburg im Breisgau", "Köln", "Leipzig", "Bad Homburg"),
    "fr": ("Grenoble", "Saint-Étienne", "Rennes", "Le Havre", "Aix-en-Provence"),
    "es": ("Zaragoza", "Las Palmas", "Murcia", "San Sebastián", "Gijón"),
    "it": ("Bergamo", "Reggio Emilia", "Palermo", "La Spezia", "Trieste"),
    "nl": ("Den Haag", "Eindhoven", "Zwolle", "Breda", "Alphen aan den Rijn"),
    "pl": ("Gdańsk", "Bydgoszcz", "Zielona Góra", "Łódź", "Rzeszów"),
    "br": ("Curitiba", "Belo Horizonte", "Recife", "Porto Alegre", "Goiânia"),
    "in": ("Pune", "Hyderabad", "Kochi", "New Delhi", "Jaipur"),
}
"""Towns, the same in every part."""
ADDRESSES = {
    "us": "%#% Maple Avenue, {town}, OH 4####|1%## {name} Road, Apt %B, {town}, TX 7####|%# West 4#th Street|"
    "P.O. Box %##, {town}, IA 5####",
    "gb": "%% Church Lane, {town}, LS% %AB|Flat %, 1# {name} Gardens, {town} NR% %QW|%# High Street",
    "de": "Bahnhofstraße %#, 5#### {town}|Am Alten Markt %, 0#### {town}|{name}weg %a|"
    "Karl-Marx-Allee 1#%, 1#### {town}",
    "fr": "1% rue de la République, 3#### {town}|%# avenue {given} {name}, 7500% Paris|5 bis boulevard Voltaire",
    "es": "Calle Mayor, %#, 5#### {town}|Avenida de la Constitución 1%, %º B, 3#### {town}|Plaza España %",
    "it": "Via Garibaldi 2%, 2#### {town}|Corso Vittorio Emanuele %#, {town}|Piazza del Duomo %",
    "nl": "Kerkstraat %#, 1%## AB {town}|Keizersgracht %#%|Van Goghlaan 1#, 3%## CD {town}",
    "pl": "ul. Mickiewicza %#/1%, 3#-### {town}|al. Jana Pawła II %#, 0#-### {town}",
    "br": "Rua das Laranjeiras, %##, {town}, 8####-###|Av. Paulista 1%##, apto 5%, 0####-### {town}",
    "in": "%#, Gandhi Nagar, {town} 4#####|1#/% MG Road, {town} - 5#####",
}
"""Forms of addresses, in the marks of `redaction_values`."""
STREETS = {
    "Maple": ("Juniper", "Sycamore Ridge"),
    "Church": ("Mill", "Orchard"),
    "High": ("Victoria", "Castle"),
    "Bahnhofstraße": ("Lindenallee", "Schillerplatz"),
    "Karl-Marx-Allee": ("Goethestr.", "Neue Straße"),
    "Alten Markt": ("Stadtpark", "Kirchberg"),
    "de la République": ("des Lilas", "Victor Hugo"),
    "boulevard Voltaire": ("impasse Pasteur", "quai de Seine"),
    "Mayor": ("Alcalá", "San Vicente"),
    "Constitución": ("Libertad", "Paz"),
    "España": ("Cataluña", "Colón"),
    "Garibaldi": ("Mazzini", "XX Settembre"),
    "Vittorio Emanuele": ("Umberto I", "Buenos Aires"),
    "Duomo": ("Popolo", "Mercato"),
    "Kerkstraat": ("Dorpsweg", "Molenlaan"),
    "Keizersgracht": ("Prinsengracht", "Oudekade"),
    "Van Goghlaan": ("Beethovenplein", "Tulpstraat"),
    "Mickiewicza": ("Słowackiego", "Polna"),
    "Jana Pawła II": ("Solidarności", "Niepodległości"),
    "Laranjeiras": ("Acácias", "Palmeiras"),
    "Paulista": ("Brasil", "Getúlio Vargas"),
    "Gandhi": ("Nehru", "Shastri"),
    "MG Road": ("Station Road", "Lake View Road"),
}
"""What streets are called in the second and third part, in place of their names in the first."""
