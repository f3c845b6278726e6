"""Pairs of questions that look alike and must not share an answer: templates of many kinds, filled in many ways."""

from __future__ import annotations

import msgspec

EACH = 8  # a template is filled at most so many times


class NearMiss(msgspec.Struct, frozen=True):
    """Two questions that differ in what `kind` says, and the number of the template they come from."""

    kind: str
    first: str
    second: str
    template: int


# Kinds where one blank is filled with one or the other of two words: templates, then the pairs of words.
_SWAPS: dict[str, tuple[str, str]] = {
    "number": (
        """Can I return an item within {} days?
        What is the penalty for a delay of more than {} hours?
        How do I upgrade to version {}?
        Who sits in room {}?
        Is a team of {} people large enough to book the hall?
        What does clause {} of the contract say?
        How many points do I get for {} purchases?
        What happens after {} failed logins?
        Which plan has {} seats?
        Give me the top {} customers by revenue.""",
        "14/40 3/30 5/15 2/7 10/100 12/20 1/11 6/9",
    ),
    "written number": (
        """Can {} managers sign a contract together?
        What is the price of {} bags of coffee?
        Do I get a discount on the {} order?
        How long may a meeting of {} teams last?""",
        "two/three five/nine ten/eleven first/second second/third four/fourteen six/sixty third/fourth",
    ),
    "amount": (
        """Who approves an invoice of {}?
        Is there a fee for transfers above {}?
        What is the discount on an order of {}?
        Am I covered for damage up to {}?""",
        "$500/$5000; 1,000 EUR/10,000 EUR; 5%/15%; 20 USD/20 EUR; "
        "3.5 percent/5.3 percent; $100/£100; 2k/2m; 1.5 million/1.5 billion",
    ),
    "date": (
        """What was the revenue in {}?
        Is the office open in {}?
        Which projects started before {}?
        What did the board decide in {}?
        Are there any trainings planned for {}?
        Show me the incidents of {}.""",
        "2023/2024; March/May; January 2024/June 2024; Q1/Q3; "
        "the first quarter/the last quarter; 2019/2009; July/June; week 14/week 41",
    ),
    "day": (
        """Does the cafeteria open on {}?
        Who is on call {}?
        When does the shuttle leave on {}?
        Is home office allowed on {}?""",
        "Monday/Friday; Saturday/Sunday; weekdays/weekends; today/tomorrow; "
        "yesterday/today; 3 May/5 March; Tuesday/Thursday; New Year's Eve/New Year's Day",
    ),
    "time": (
        """Can I call support at {}?
        Is the warehouse staffed after {}?
        Do orders placed before {} ship the same day?
        May contractors enter the building at {}?""",
        "8 am/8 pm; 9:00/19:00; noon/midnight; 10:15/10:50; "
        "6am/6pm; 2 pm/4 pm; 11 o'clock/1 o'clock; the morning/the evening",
    ),
    "person": (
        """Who does {} report to?
        What is {}'s phone number?
        Has {} signed the contract?
        Which projects does {} lead?
        When is {} on holiday?
        What did {} say about the budget?""",
        "Anna Weber/Hanna Weber; Peter/Petra; Mr. Smith/Mrs. Smith; Dr. Li/Dr. Lin; "
        "Jon Snow/Jan Snow; the CEO/the CFO; Marta/Maria; John Brown/John Braun",
    ),
    "product": (
        """How do I reset the {}?
        What is the warranty on the {}?
        Is the {} dishwasher safe?
        Does the {} come with a filter?
        Where can I buy spare parts for the {}?""",
        "X100/X200; Pro plan/Plus plan; mini/maxi; Model S/Model T; "
        "kettle/grinder; iPhone 14/iPhone 15; red one/blue one; K-20/K-200",
    ),
    "company": (
        """What are the payment terms of {}?
        When does our contract with {} end?
        Who is the account manager for {}?
        How much did we spend with {} last year?""",
        "Acme Ltd/Acme Inc; Nordwind/Nordwand; Siemens/Siemens Energy; Contoso/Fabrikam; "
        "DHL/DPD; Alpha Bank/Alfa Bank; UPS/USPS; Delta/Delta Air",
    ),
    "place": (
        """What is the per diem for {}?
        Do you deliver to {}?
        Where is the office in {}?
        What is the minimum wage in {}?
        Which holidays are there in {}?
        How many people work in {}?""",
        "Austria/Australia; Berlin/Bern; Paris/Prague; North Korea/South Korea; "
        "Frankfurt am Main/Frankfurt an der Oder; Georgia/Virginia; Dublin/Lublin; the US/the UK",
    ),
    "direction": (
        """Is there a train {} Berlin?
        How do I transfer money {} my savings account?
        What are the customs rules for goods {} Switzerland?
        Which flights {} Rome are refundable?""",
        "to/from; into/out of",
    ),
    "relation": (
        """Do I have to pay {} delivery?
        Can I edit my order {} the payment is confirmed?
        What must I do {} the audit?
        Is the fee charged {} the trial ends?
        Can I work {} a work permit?
        What happens to orders {} 50 euros?""",
        "before/after during/after with/without above/below over/under until/from inside/outside since/until",
    ),
    "antonym verb": (
        """How do I {} notifications?
        What happens when I {} a user?
        Who may {} an account?
        Can I {} a device without admin rights?
        How can I {} the automatic backup?
        Why did you {} the limit?""",
        "enable/disable add/remove lock/unlock activate/deactivate increase/decrease start/stop "
        "install/uninstall accept/reject",
    ),
    "opposed verb": (
        """How do I {} money?
        Can I {} shares during the blackout period?
        Where do I {} the parcel?
        What does it cost to {} a car?
        Who can {} an employee?""",
        "deposit/withdraw buy/sell send/receive rent/buy hire/fire lend/borrow import/export upload/download",
    ),
    "antonym adjective": (
        """Can I return {} coffee?
        Is the {} version available?
        What are the {} fees?
        Where is the {} entrance?
        Which {} accounts were reviewed?
        Are {} meetings recorded?""",
        "opened/unopened old/new minimum/maximum public/private internal/external paid/unpaid "
        "domestic/international open/closed",
    ),
    "alike words": (
        """What is the {} policy?
        Who is the head of {}?
        How do I contact {}?
        Where are the documents about {}?""",
        "police/policy employer/employee lessor/lessee intern/internal marketing/market "
        "organization/organ training/trainer audit/auditor",
    ),
    "comparison": (
        """Which plan is {} than the basic one?
        Who has {} than ten direct reports?
        Which branch had {} costs than Berlin?
        Is the new server {} than the old one?""",
        "cheaper/dearer more/less faster/slower larger/smaller higher/lower better/worse older/newer fewer/more",
    ),
    "superlative": (
        """What is our {} product?
        Who is the {} supplier?
        Which team has the {} score?
        When was the {} review?""",
        "most expensive/least expensive; best/worst; highest/lowest; first/last; "
        "longest/shortest; biggest/smallest; newest/oldest; latest/earliest",
    ),
    "quantifier": (
        """Do {} employees get a bonus?
        Are {} flights refundable?
        Have {} invoices been paid?
        Can {} users see the report?
        Did {} servers fail last night?""",
        "all/some; most/few; no/all; many/few; all/none of the; only new/all new; half of the/all; both/neither of the",
    ),
    "bound": (
        """Do I need {} 20 orders for the discount?
        Is a deposit of {} 500 euros required?
        Must a password have {} 12 characters?
        Can a team have {} 5 guests?""",
        "at least/at most; more than/less than; exactly/about; "
        "up to/over; no more than/no less than; fewer than/more than",
    ),
    "unit": (
        """What does shipping of 20 {} cost?
        Is a load of 5 {} too heavy for the lift?
        How do I convert 100 {}?
        Can I order 3 {} of green coffee?""",
        "kg/lb kilograms/grams tons/pounds litres/gallons",
    ),
    "time unit": (
        """Is a notice of 3 {} enough?
        Are logs deleted after 30 {}?
        What does the license cost per {}?
        How many tickets do we get per {}?
        Can I pause my contract for 2 {}?""",
        "days/weeks weeks/months month/year hours/days minutes/hours quarter/month day/week seconds/minutes",
    ),
    "currency": (
        """What is the price in {}?
        Can I pay in {}?
        How do I issue an invoice in {}?
        What is the exchange rate of the {} today?""",
        "euros/dollars; USD/CAD; pounds/euros; yen/yuan; Swiss francs/euros; CZK/PLN; bitcoin/ether; rupees/rubles",
    ),
    "question word": (
        """{} is the contract signed?
        {} was the server moved?
        {} do I send the form?
        {} are the invoices checked?
        {} did the migration fail?
        {} does the audit take place?""",
        "When/Where; Why/How; How/Where; When/Why; How often/How; By whom/When; Where/How; How long/How often",
    ),
    "measure asked": (
        """How {} is the standard contract?
        How {} is the new warehouse?
        How {} can the parcel be?
        How {} is the train to Leipzig?""",
        "long/high old/big heavy/long far/fast large/expensive safe/fast much/long wide/deep",
    ),
    "who or what": (
        """{} changed in the last release?
        {} caused the outage?
        {} is blocking the deployment?
        {} came out of the audit?""",
        "What/Who; Who/Which service; What/When; What/How many things; Who/When",
    ),
    "modality": (
        """{} I use my private phone at work?
        {} managers sign travel requests?
        {} a contractor join the meeting?
        {} we delete the old files?
        {} suppliers send a certificate?""",
        "Can/Must; May/Must; Should/Can; Must/Should; Can/Will; Might/Must",
    ),
    "tense": (
        """{} the shop open on Sundays?
        {} the company pay a bonus?
        {} the team use the new tool?
        {} the price include support?""",
        "Did/Does Will/Did Does/Will Did/Would",
    ),
    "role": (
        """What can an {} do?
        How do I become an {}?
        Which rights does an {} have?
        Where does an {} file a complaint?""",
        "admin/auditor employee/employer owner/editor agent/analyst intern/engineer applicant/approver",
    ),
    "whose": (
        """What is {} budget?
        Where is {} office?
        When does {} contract end?
        How do I see {} calendar?""",
        "my/his; her/his; our/their; my manager's/my; my team's/my manager's; your/their",
    ),
    "document": (
        """Where do I find the {}?
        Who wrote the {}?
        When was the {} last changed?
        What does the {} say about dogs?""",
        "travel policy/security policy; terms of use/terms of sale; employee handbook/security "
        "handbook; first draft/final draft; "
        "offer/order; invoice/receipt; lease/license; draft contract/signed contract",
    ),
}

# Kinds where the whole sentence changes: "first => second", with blanks that are filled alike in both.
_CHANGES: dict[str, str] = {
    "negation": """
        Can {role} see {thing}? => Can't {role} see {thing}?
        Which {roles} have access to {thing}? => Which {roles} do not have access to {thing}?
        Which {roles} are allowed to edit {thing}? => Which {roles} aren't allowed to edit {thing}?
        What happens if {role} approves {thing}? => What happens if {role} does not approve {thing}?
        Why is {thing} available to {roles}? => Why is {thing} not available to {roles}?
        How do I share {thing} with {roles}? => How do I not share {thing} with {roles}?
        Is {thing} deleted when {role} leaves? => Is {thing} never deleted when {role} leaves?
        May {role} copy {thing}? => May nobody but {role} copy {thing}?
        Which {roles} can read {thing}? => Which {roles} cannot read {thing}?
        What can {roles} do with {thing}? => What can't {roles} do with {thing}?
        Are {roles} included in the rule on {thing}? => Are {roles} excluded from the rule on {thing}?
        Do {roles} need {thing}? => Don't {roles} need {thing}?
        When must {role} archive {thing}? => When must {role} not archive {thing}?
        Is it legal for {roles} to keep {thing}? => Is it illegal for {roles} to keep {thing}?
        Does anyone except {role} know {thing}? => Does {role} know {thing}?""",
    "reversed roles": """
        Does {role} report to {other}? => Does {other} report to {role}?
        Can {role} overrule {other}? => Can {other} overrule {role}?
        Who informs {role} about {other}? => Who informs {other} about {role}?
        When does {role} pay {other}? => When does {other} pay {role}?
        What does {role} owe {other}? => What does {other} owe {role}?
        Did {role} hire {other}? => Did {other} hire {role}?
        Was {role} trained by {other}? => Was {other} trained by {role}?
        Was {role} chosen by {other}? => Did {role} choose {other}?
        Is {role} responsible for {other}? => Is {other} responsible for {role}?
        How does {role} send files to {other}? => How does {other} send files to {role}?
        Which documents does {role} get from {other}? => Which documents does {other} get from {role}?
        Can {role} see the calendar of {other}? => Can {other} see the calendar of {role}?
        Is {role} allowed to replace {other}? => Is {other} allowed to replace {role}?
        Why was {role} promoted before {other}? => Why was {other} promoted before {role}?
        Does {role} earn more than {other}? => Does {other} earn more than {role}?
        What happens when {role} complains about {other}? => What happens when {other} complains about {role}?""",
    "reversed things": """
        How do I convert {x} to {y}? => How do I convert {y} to {x}?
        How many {x} are in a {y}? => How many {y} are in a {x}?
        Is {x} better than {y}? => Is {y} better than {x}?
        How do I move from {x} to {y}? => How do I move from {y} to {x}?
        Can I replace {x} with {y}? => Can I replace {y} with {x}?
        What is the exchange rate from {x} to {y}? => What is the exchange rate from {y} to {x}?
        Does {x} depend on {y}? => Does {y} depend on {x}?
        Is {x} part of {y}? => Is {y} part of {x}?""",
    "passive": """
        Who was called by {role}? => Who called {role}?
        Who was {role} invited by? => Who did {role} invite?
        Which {roles} have been paid? => Which {roles} have paid?
        Who was asked by {role}? => Who asked {role}?
        Is {role} monitored? => Is {role} monitoring?
        Which {roles} were audited by {other}? => Which {roles} audited {other}?""",
    "tense of a sentence": """
        When did {role} receive {thing}? => When will {role} receive {thing}?
        Has {role} signed {thing}? => Will {role} sign {thing}?
        Who had access to {thing}? => Who has access to {thing}?
        Was {thing} reviewed by {role}? => Is {thing} reviewed by {role}?
        Why did {role} change {thing}? => Why will {role} change {thing}?
        Where was {thing} kept? => Where is {thing} kept?
        What was {role} responsible for? => What is {role} responsible for?
        Which {roles} worked on {thing}? => Which {roles} work on {thing}?
        Is {role} going to archive {thing}? => Did {role} archive {thing}?""",
    "scope": """
        Can only {role} change {thing}? => Can {role} only change {thing}?
        Do {roles} who left still see {thing}? => Do {roles} still see {thing}?
        What is {thing} for {roles}? => What is {thing}?
        Who approves {thing}? => Who approves changes to {thing}?
        How do I open {thing}? => How do I open {thing} for {roles}?
        Where is {thing}? => Where was {thing} last seen?
        Is {thing} encrypted? => Is {thing} encrypted at rest?
        How do I print {thing}? => How do I print {thing} in colour?
        Why is {thing} late? => Why is {thing} late again?
        What does {thing} cost? => What does {thing} cost {roles}?""",
    "noun order": """
        What is a {x} {y}? => What is a {y} {x}?
        Who maintains the {x} of the {y}? => Who maintains the {y} of the {x}?
        Where is the {x} {y} stored? => Where is the {y} {x} stored?""",
}

_BLANKS: dict[str, str] = {
    "role": "a manager/the auditor/a customer/the tenant/Anna/a nurse/the supplier/Contoso",
    "other": "a director/the accountant/an agent/the landlord/Boris/a doctor/the buyer/Fabrikam",
    "roles": "managers/auditors/customers/tenants/interns/nurses/suppliers/partners",
    "thing": "the payroll file/the audit report/the price list/the lease/the roadmap/the record/the order/the draft",
    "x": "PDF/euros/coffee/batches/Python/the server/test data/a ticket",
    "y": "Word/dollars/tea/boxes/Go/the client/user records/a project",
}


def _swapped() -> list[tuple[str, str, str, int]]:
    pairs = []
    for kind, (templates, words) in _SWAPS.items():
        for number, template in enumerate(templates.split("\n")):
            for first, second in _words(words)[:EACH]:
                pairs.append((kind, template.strip().format(first), template.strip().format(second), number))
    return pairs


def _words(words: str) -> list[tuple[str, str]]:
    """`a/b c/d` to pairs; where a word has several parts, pairs are parted by semicolons."""
    return [(first, second) for first, _, second in (pair.partition("/") for pair in _split(words))]


def _split(words: str) -> list[str]:
    return [part.strip() for part in words.split(";")] if ";" in words else words.split()


def _changed() -> list[tuple[str, str, str, int]]:
    pairs = []
    for kind, lines in _CHANGES.items():
        for number, line in enumerate(filter(None, map(str.strip, lines.split("\n")))):
            for fill in range(EACH):
                words = {name: blank.split("/")[fill] for name, blank in _BLANKS.items()}
                first, _, second = line.format(**words).partition(" => ")
                pairs.append((kind, first, second, number))
    return pairs


# The guard was made while looking at the first half of the templates; of the second, one kind (modality) was seen.
NEAR_MISSES = [NearMiss(*pair) for pair in dict.fromkeys((*_swapped(), *_changed())) if pair[1] != pair[2]]
TUNING = [pair for pair in NEAR_MISSES if pair.template % 2 == 0]
MEASURE = [pair for pair in NEAR_MISSES if pair.template % 2]
