"""Sentences with places for private values: two sets to tune the rules on, one only to measure them; and sentences that
hold none. `{kind}` is a value, `{~kind}` something harmless that looks like one."""

from __future__ import annotations

TUNING: dict[str, str] = {
    "us": """
My name is {person} and my card {card} was declined.
Please send the invoice to {email} or call {phone}.
Hi, this is {person}. My social security number is {national_id}.
Can you reset the login for {email}? The password is {password}
{person} lives at {address}.
Our server at {ip} refuses connections since {~date}.
Use this key: {credential}
Mr. {last} ordered {~order} and paid {~amount} dollars with {card}.
Ask {first} about version {~version}.
Contact {person}, {address}, {phone}.
curl -H "Authorization: Bearer {credential}" https://api.example.com/v{~number}
Wire it to {iban} by {~date}, reference {~order}.""",
    "gb": """
Dear {person}, thank you for your letter about {~order}.
Her National Insurance number is {national_id}.
You can reach me on {phone} after {~time}.
Deliver the parcel to {address} please.
I met {person} and {person} in Leeds.
My sort code changed, the new IBAN is {iban}.
Regards,
{person}
{email} | {phone}""",
    "de": """
Ich heiße {person} und wohne in der {address}.
Meine IBAN lautet {iban}, bitte überweisen Sie {~amount} Euro.
Sehr geehrter Herr {last}, Ihre Bestellung {~order} ist unterwegs.
Meine Steuer-ID ist {national_id}.
Rufen Sie mich an: {phone}
Das Passwort lautet {password}
{person} hat am {~date} geschrieben: {email}""",
    "fr": """
Je m'appelle {person}, mon numéro est le {phone}.
Mon numéro de sécurité sociale est {national_id}.
Mme {last} habite {address}.
Écrivez à {email} avant le {~date}.
Le virement vers {iban} de {~amount} euros a échoué.""",
    "es": """
Me llamo {person} y mi DNI es {national_id}.
Mi teléfono es {phone} y mi correo {email}.
Vivo en {address}.
La Sra. {last} pagó con la tarjeta {card}.
Transfiera {~amount} euros a {iban}.""",
    "it": """
Mi chiamo {person}, il mio codice fiscale è {national_id}.
Chiamami al {phone} oppure scrivi a {email}.
Spedite il pacco in {address}.
L'IBAN è {iban}, la carta {card}.""",
    "nl": """
Ik heet {person} en mijn BSN is {national_id}.
Mijn telefoonnummer is {phone}.
Stuur het naar {address}, mail {email}.
Het wachtwoord is {password}""",
    "pl": """
Nazywam się {person}, mój PESEL to {national_id}.
Proszę dzwonić pod numer telefonu {phone}.
Mieszkam przy {address}.
Konto {iban}, e-mail {email}.""",
    "br": """
Meu nome é {person} e meu CPF é {national_id}.
Meu celular é {phone}, e-mail {email}.
Moro na {address}.""",
    "in": """
My name is {person}, Aadhaar {national_id}.
Call me at {phone} or mail {email}.
The office of {person} is at {address}.""",
}

TUNING_TOO: dict[str, str] = {
    "us": """
Why was the charge on {card} from {~date} refunded twice to customer {person}?
I talked with {first} yesterday; she said her number is {phone} and that mail to {email} bounces.
Verify the caller: SSN {national_id}, born {~date}, name on file {person}.
deploy.env has AWS_ACCESS_KEY_ID={credential} and DB_PASSWORD={password}
Could someone forward ticket {~order} to {email}, cc {email}?
Last login from {ip}, before that from {ip} at {~time}.
Mail the replacement to {person}, {address}, and text {phone} when it ships.
The tenant in {address} is called {person}.
Dr. {last} and Prof. {person} reviewed section {~version} of the report.
{person}'s card ending was wrong, the full one is {card}, cvv on request.
Our Slack bot token {credential} leaked into the logs of build {~version}.
"{person}" <{email}> wrote: please close my account {~order}
Is {person} still the owner of invoice {~order} over {~amount}?
Call back {phone}; if nobody answers try {phone}.
Who signed for the parcel at {address}? It says {last}.
Summarize: {person} ({email}) asked {person} ({email}) to move the meeting to {~time}.
Add {ip} to the allow list and remove {ip}.
db url is postgres://app:{password}@db.internal:5432/prod
The wire of ${~amount} went to {iban} instead of {iban}.
Hello, {first} here, my new phone is {phone}.""",
    "gb": """
Mrs {last} rang from {phone} regarding policy {~order}.
NI number: {national_id}. Employee: {person}. Start: {~date}.
The claimant, {person} of {address}, paid {~amount} pounds.
Kind regards,
{person}
Has {person} moved from {address} to {address}?
Payments go to {iban}; queries to {email}.
Could you ring {first} on {phone} about the boiler at {address}?
Sir {person} chairs the board; his assistant is {person}.
The Wi-Fi password: {password}
I, {person}, confirm that card {card} is mine.
We blocked {ip} after {~number} failed logins by {email}.""",
    "de": """
Bitte ändern Sie die Anschrift von {person} auf {address}.
Frau {last} ist unter {phone} oder {email} erreichbar.
Steuerliche Identifikationsnummer: {national_id}, Kunde: {person}
Die Lastschrift von {iban} über {~amount} EUR kam am {~date} zurück.
Kann {first} den Server {ip} neu starten?
Liebe Grüße, {person}
Zugangsdaten: Benutzer {email}, Kennwort: {password}
Die Kreditkarte {card} von Herrn {last} wurde gesperrt.
Der Mieter {person}, {address}, hat seit {~date} nicht gezahlt.
Mein Name ist {person}, ich rufe wegen Auftrag {~order} an, Rückruf bitte unter {phone}.""",
    "fr": """
Le dossier de M. {last}, domicilié {address}, est complet.
Bonjour, ici {person}, rappelez-moi au {phone} svp.
NIR : {national_id}, assurée : {person}
Merci de créditer le compte {iban} au nom de {person}.
La carte {card} a été débitée de {~amount} € le {~date}.
Transférez ce message à {email} et à {email}.
Mot de passe : {password}
L'adresse {ip} a été bloquée après {~number} essais.
{person} et {person} ont signé le contrat {~order}.""",
    "es": """
El paciente {person}, con NIF {national_id}, pidió cita para el {~date}.
Póngase en contacto con {person} en el {phone} o en {email}.
Enviar a {address}, a la atención de {person}.
Cargo de {~amount} € en la tarjeta {card} de D. {person}.
IBAN del proveedor: {iban}
El Sr. {last} no contesta al móvil {phone}.
La contraseña es {password}
¿Por qué {first} no recibe correos en {email}?""",
    "it": """
Il contratto {~order} è intestato a {person}, C.F. {national_id}.
Il sig. {last} abita in {address}.
Bonifico di {~amount} euro su {iban} entro il {~date}.
Può richiamare {person} al numero {phone}?
La carta {card} risulta bloccata; scrivere a {email}.
Gentile {person}, il pacco {~order} arriva in {address}.""",
    "nl": """
De heer {last} woont op {address}.
Graag terugbellen naar {person}, tel. {phone}.
Burgerservicenummer {national_id} hoort bij {person}.
Incasso van {~amount} euro van {iban} mislukt op {~date}.
Kun je {first} mailen via {email}?
Creditcard {card} is geblokkeerd.""",
    "pl": """
Pan {last} mieszka: {address}.
Klient {person}, PESEL {national_id}, prosi o kontakt: {phone}.
Przelew {~amount} zł na konto {iban} z dnia {~date}.
Proszę wysłać umowę {~order} na adres {email}.
Karta {card} należy do {person}.""",
    "br": """
O cliente {person}, CPF {national_id}, mora na {address}.
Ligue para {person} no {phone} depois das {~time}.
Cobrança de R$ {~amount} no cartão {card} em {~date}.
A senha do {email} é {password}
Prezada {person}, seu pedido {~order} foi enviado.""",
    "in": """
{person} from {address} raised complaint {~order}.
PAN or Aadhaar on record: {national_id}
Refund Rs {~amount} to card {card}, mobile {phone}.
Shri {last} wrote from {email} on {~date}.
My colleague {person} will call you from {phone}.""",
}

MEASURED: dict[str, str] = {
    "us": """
{person} disputes the {~amount} charge from {~date}; the card is {card}.
I forgot my password, my e-mail is {email} and my birthday is {~date}.
Set up forwarding from {phone} to {phone}, please.
According to our records {person} moved to {address} in June.
Employee {person} (SSN {national_id}) gets paid into {iban}.
export STRIPE_KEY={credential}
Requests from {ip} return error {~code} since release {~version}.
Ms. {last} says the package {~order} never reached {address}.
the api key is {credential} and it worked until {~time}
Is it true that {person} and {person} share the account {email}?
My husband {person} will pick it up, his cell is {phone}.
Write a polite answer to {person}, who complained about invoice {~order}.
{email} reported that {ip} scans port {~number}.
Please charge {card} instead of {card} for order {~order}.
Draft a letter to {person}, {address}, about the overdue {~amount}.
Login {email}, password: {password}
What did {first} tell you about the refund?
To whom does the number {phone} belong?
Translate into Spanish: my name is {person} and I was born on {~date}.
Here is the private key: {credential}
Ship {~number} units to {person} at {address}, phone {phone}.""",
    "gb": """
My neighbour {person} at {address} took the parcel.
The pension of {person}, NINO {national_id}, starts on {~date}.
Miss {last} phoned twice, her number is {phone}.
Refund {~amount} to {iban} in the name of {person}.
Is {email} the right address for complaints?
The card {card} expired; {person} wants a new one sent to {address}.
Thanks,
{person}""",
    "de": """
Der Kunde {person} ist umgezogen, neue Anschrift: {address}.
Bitte buchen Sie {~amount} Euro von {iban} ab.
Meine Handynummer ist {phone}, E-Mail {email}.
Herr {last} und Frau {last} haben am {~date} gekündigt.
Die Steuernummer (IdNr) von {person} lautet {national_id}.
Kreditkartennummer {card}, Inhaber {person}
Auf {ip} läuft noch Version {~version}.
Passwort: {password}
Können Sie {person} bitten, mich unter {phone} anzurufen?""",
    "fr": """
Je suis {person}, j'habite {address}.
Mon téléphone portable : {phone}
Numéro de sécu {national_id}, née le {~date}.
Le client {person} a payé {~amount} euros avec la carte {card}.
Voici mon RIB : {iban}
Madame {last} attend une réponse à {email}.
Le mot de passe est {password}
Pouvez-vous appeler M. {last} au {phone} avant {~time} ?""",
    "es": """
Soy {person} y quiero cambiar mi dirección a {address}.
Mi número de móvil es {phone}.
DNI {national_id}, titular {person}.
La cuenta {iban} pertenece a {person}.
No funciona la tarjeta {card} desde el {~date}.
Escriba a {email} o llame al {phone}.
La señora {last} vive en {address}.""",
    "it": """
Sono {person}, il mio nuovo indirizzo è {address}.
Codice fiscale {national_id}, telefono {phone}.
Addebitate {~amount} euro sulla carta {card} di {person}.
Il mio IBAN: {iban}
La signora {last} ha scritto da {email} il {~date}.
La password è {password}""",
    "nl": """
Mijn naam is {person}, ik woon op {address}.
Bel mevrouw {last} op {phone} of mail naar {email}.
Rekening {iban} staat op naam van {person}.
Het BSN van mijn zoon is {national_id}.
De creditcard {card} werkt niet sinds {~date}.""",
    "pl": """
Jestem {person}, mój adres to {address}.
Telefon: {phone}, e-mail: {email}
Numer PESEL: {national_id}
Pani {last} zapłaciła kartą {card} kwotę {~amount} zł.
Proszę o przelew na {iban}.""",
    "br": """
Sou {person}, CPF {national_id}, telefone {phone}.
Meu endereço é {address} e meu e-mail {email}.
O cartão {card} foi recusado em {~date}.
A Sra. {last} pediu o estorno de R$ {~amount}.
senha: {password}""",
    "in": """
I am {person}, my mobile number is {phone}.
Aadhaar number {national_id} belongs to {person}.
Please courier it to {person}, {address}.
The card {card} of Mrs. {last} was charged Rs {~amount}.
Mail the statement to {email}.""",
}

HARMLESS = """
What is new in version {~version} of the handbook?
Order {~order} of {~date} holds {~number} units of part {~code}.
The total is {~amount}, plus {~amount} for shipping.
ISBN {~isbn} is out of print since {~date}.
Open the valve between {~time} and {~time}, then read error {~code}.
Chapter {~number}, section {~version}: Safety Instructions for Operators
How long can I return coffee that I bought on {~date}?
The Annual Report shows growth of {~number} percent in Europe.
Tracking number {~order} left the Hamburg warehouse at {~time}.
Who approves expenses over {~amount} euros?
Password resets are described in the Security Guide, page {~number}.
Bitte lesen Sie Kapitel {~number} der Betriebsanleitung vom {~date}.
Der Rechnungsbetrag der Bestellung {~order} beträgt {~amount} Euro.
Où trouver la notice du modèle {~code} ?
La facture {~order} du {~date} s'élève à {~amount} euros.
El pedido {~order} salió el {~date} a las {~time}.
La versione {~version} corregge l'errore {~code}.
De factuur {~order} van {~date} is betaald.
Faktura {~order} z dnia {~date} na kwotę {~amount} zł.
O pedido {~order} de {~date} custou R$ {~amount}.
The token limit is {~number} and the key idea is simple.
Please Read The Terms And Conditions Before Signing.
Monday's Board Meeting moved to Tuesday, room {~number}.
Set timeout={~number} and retries={~number} in the Config File.
Every new employee gets a laptop, a badge and {~number} days of training.
Serial number {~code}, firmware {~version}, batch {~order}
Windows Server and Red Hat Linux are supported from release {~version}.
Our Customer Service Team answers within {~number} hours.
"""
HARMLESS_MEASURED = """
Does release {~version} still support the old file format?
Purchase {~order} contains {~number} items, of which {~number} are back-ordered.
What is the penalty for returning part {~code} after {~date}?
The Finance Department closed the quarter with {~amount} in revenue.
Meet in Room {~number} at {~time}, not at {~time}.
Which Privacy Policy applies to visitors from France and Spain?
See Appendix B, Table {~number}, of the Operating Manual ({~isbn}).
How many vacation days do I have left in December?
Increase the limit from {~number} to {~number} requests per minute.
Compare the Standard Plan with the Premium Plan.
The secret of good coffee is fresh water and patience.
Your password must have at least {~number} characters.
Die Lieferung {~order} kommt am {~date} zwischen {~time} und {~time}.
Welche Garantie gilt für das Gerät {~code}?
Le train part de Lyon à {~time} et coûte {~amount} euros.
¿Cuánto cuesta el modelo {~code} en la tienda de Madrid?
Il manuale descrive la procedura a pagina {~number}.
Hoeveel kost een abonnement per {~date}?
Jaka jest cena produktu {~code}?
Qual é o prazo de entrega do pedido {~order}?
Error {~code} in module Payment Gateway at {~time}
The Steering Committee will vote on Proposal {~number} next Thursday.
Batch {~order} failed the Quality Check on {~date}.
Read more in the Release Notes for Version {~version}.
"""
