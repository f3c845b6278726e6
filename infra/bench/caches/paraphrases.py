"""Pairs of questions that ask for the same thing in other words, as people write to an assistant of their company."""

from __future__ import annotations

# Written before the guard that is measured with them. Every second pair is for tuning, the others for the measure.
_LINES = """
What is the refund policy? | What's your refund policy?
How do I reset my password? | How can I reset my password?
How do I reset my password? | I forgot my password, how do I get a new one?
What are your opening hours? | When are you open?
How many vacation days do I get per year? | How many days of vacation do I get each year?
How long does delivery take? | How long until my order arrives?
Can I return opened coffee? | Is it possible to return coffee that has been opened?
Where is the head office? | Where's the headquarters located?
Who approves travel expenses? | Who has to approve travel expenses?
How do I submit an expense report? | What's the process for submitting an expense report?
When is the deadline for the tax return? | What is the tax return deadline?
Do you ship to Canada? | Can you ship to Canada?
What does the premium plan cost? | How much is the premium plan?
Is there a free trial? | Do you offer a free trial?
How do I cancel my subscription? | What do I need to do to cancel my subscription?
How can I change my delivery address? | How do I update my shipping address?
What file formats are supported? | Which file formats do you support?
Why was my payment declined? | For what reason was my payment declined?
How do I connect to the VPN? | How to connect to VPN?
Can I work from home on Fridays? | Am I allowed to work from home on Fridays?
What is the dress code? | Is there a dress code?
Who is the CEO of the company? | Who's the company's CEO?
How do I book a meeting room? | Please tell me how to book a meeting room.
When do we get paid? | On which day is the salary paid?
What is the notice period? | How long is the notice period?
How much luggage can I take? | What is the luggage allowance?
Where can I find my payslip? | Where do I find my pay slip?
How do I add a new user? | How can I create a new user?
What is the warranty on the grinder? | How long is the grinder under warranty?
Is parking free for visitors? | Do visitors have to pay for parking?
What documents do I need for onboarding? | Which documents are required for onboarding?
How do I export my data? | Could you tell me how I can export my data?
Can I bring my dog to the office? | Are dogs allowed in the office?
What's the wifi password? | Can you give me the password for the wifi?
How do I request time off? | How can I request leave?
Who do I contact about a broken laptop? | Whom should I contact if my laptop is broken?
When does the cafeteria open? | What time does the cafeteria open?
What is the maximum file size for uploads? | What's the max upload file size?
How many users can I invite? | What's the maximum number of users I can invite?
Does the price include VAT? | Is VAT included in the price?
What payment methods do you accept? | Which payment methods are accepted?
How do I turn off notifications? | How can I disable notifications?
Is the machine dishwasher safe? | Can I put the machine in the dishwasher?
How do I clean the espresso machine? | What is the best way to clean the espresso machine?
What happens if I miss a payment? | What happens when I don't pay on time?
Can I get an invoice for my order? | How do I get an invoice for my order?
Where is my order? | What's the status of my order?
How do I track my package? | How can I track my parcel?
What are the terms of the lease? | What terms does the lease have?
Do I need a visa to travel to Japan? | Is a visa required for travelling to Japan?
How long is the probation period? | What is the length of the probation period?
What is the company's mission? | What's our company mission?
Which countries do you operate in? | In which countries do you operate?
How do I report a security incident? | I'd like to know how to report a security incident
Who is responsible for data protection? | Who is in charge of data protection?
How often are backups made? | How frequently are backups made?
What is the boiling point of ethanol? | At what temperature does ethanol boil?
How do I install the printer driver? | How to install a driver for the printer?
Can I pay by credit card? | Is it possible to pay with a credit card?
When was the company founded? | In what year was the company founded?
Where do I park? | Where can I park my car?
What's included in the basic plan? | What does the basic plan include?
How can I upgrade my account? | How do I upgrade to a better account?
What is the difference between the basic and the pro plan? | How do the basic and pro plans differ?
Explain how the bonus is calculated. | How is the bonus calculated?
What are the steps to set up two-factor authentication? | How do I set up two-factor authentication?
Is there a limit on API requests? | Are API requests limited?
How do I delete my account? | How can I delete my account permanently?
How do I close my account? | How can I delete my account?
What's the emergency number? | Which number do I call in an emergency?
How many sick days am I entitled to? | How many sick days do I have?
Can I carry over unused vacation days? | Can unused vacation days be carried over?
Who signs the contract? | Who needs to sign the contract?
How do I change my email address? | How can I change my e-mail?
What is the meaning of SLA? | What does SLA mean?
What's the SLA for critical tickets? | What is the service level agreement for critical tickets?
When will my refund arrive? | When do I get my refund?
How do I apply for parental leave? | How can I apply for parental leave?
What is covered by the health insurance? | What does the health insurance cover?
Does the insurance cover dental treatment? | Is dental treatment covered by the insurance?
How do I join a Teams call? | What's the way to join a Teams call?
How do I share a calendar? | Can you show me how to share a calendar?
What browser should I use? | Which browser do you recommend?
How much does shipping cost? | What are the shipping costs?
How much does shipping to Germany cost? | What is the cost of shipping to Germany?
Where can I download the app? | Where do I download the app?
Is the app available for Android? | Does the app work on Android?
How do I enable dark mode? | How can I turn on dark mode?
What are the system requirements? | Which system requirements are there?
How do I restore a deleted file? | How can I recover a deleted file?
How long are logs kept? | For how long do you keep logs?
Who can see my data? | Who has access to my data?
How do I give feedback? | Where can I leave feedback?
Can I change my order after placing it? | Is it possible to modify my order once it has been placed?
What's the minimum order quantity? | What is the minimum number of items I have to order?
How do I use the discount code? | Where do I enter the discount code?
When does the sale end? | Until when does the sale last?
How old do you have to be to open an account? | What's the minimum age to open an account?
What is the interest rate on savings accounts? | What interest do savings accounts pay?
How do I open a bank account? | How can I open a bank account?
What are the fees for international transfers? | How much do international transfers cost?
How do I block my card? | How can I block my lost card?
What should I do if my card is stolen? | My card was stolen, what should I do?
How long does a transfer take? | How much time does a transfer take?
What is the daily withdrawal limit? | What's the limit for withdrawals per day?
How do I raise the withdrawal limit? | How can I increase my withdrawal limit?
Where is the nearest branch? | Where can I find the nearest branch?
How do I make an appointment? | How can I book an appointment?
Can I reschedule my appointment? | Is it possible to reschedule an appointment?
What are the side effects of ibuprofen? | Which side effects does ibuprofen have?
How should I store insulin? | What's the right way to store insulin?
What is the recommended dose of paracetamol for adults? | How much paracetamol should adults take?
Do I need a prescription for antibiotics? | Are antibiotics available without a prescription?
What vaccines do I need for Kenya? | Which vaccinations are needed for Kenya?
When does check-in start? | What time is check-in?
Is breakfast included? | Does the price include breakfast?
Does the hotel have a pool? | Is there a pool at the hotel?
How far is the hotel from the airport? | What's the distance between the hotel and the airport?
How do I get from the airport to the office? | What's the best way to get to the office from the airport?
Which hotel may I book on a business trip? | What hotels am I allowed to book for business trips?
Can I fly business class? | Am I allowed to fly business class?
How do I claim mileage? | How can I claim mileage?
What's the per diem for Switzerland? | How high is the per diem in Switzerland?
What is the meal allowance? | How much can I spend on meals?
How do I get a company credit card? | How can I obtain a company credit card?
Which receipts do I need to keep? | What receipts must I keep?
How do I hand in receipts? | How can I submit receipts?
When are expenses reimbursed? | When will I be reimbursed for my expenses?
What training courses are available? | Which training courses are there?
Do you have a mentoring program? | Is there a mentoring programme?
How are promotions decided? | How do you decide on promotions?
When are performance reviews? | When do performance reviews take place?
What's the salary band for senior engineers? | What is the pay range for a senior engineer?
How do I refer a friend for a job? | How can I refer a friend for a position?
How big is the referral bonus? | What's the referral bonus?
How do I enroll in the pension plan? | How can I sign up for the pension scheme?
How much does the employer contribute to the pension? | What is the employer's contribution to the pension?
When can I retire? | At what age can I retire?
How many people work here? | How many employees do we have?
Who is my HR contact? | Who's my contact in HR?
Where can I see the org chart? | Where do I find the org chart?
What holidays are there in December? | Which public holidays are in December?
Is the office closed on Good Friday? | Is the office open on Good Friday or closed?
How do I get a new badge? | How can I get a new badge?
I lost my badge, what do I do? | What should I do if I lost my badge?
How do I order office supplies? | How can I order office supplies?
Where are the fire exits? | Where can I find the fire exits?
Who are the first aiders? | Who is a first aider?
What do I do in case of fire? | What should I do in case of a fire?
How do I adjust my chair? | Could you explain how to adjust my chair?
How do I order a standing desk? | How can I get a standing desk?
What is the guest wifi called? | What's the name of the guest wifi?
How do I unlock my account? | My account is locked. How can I unlock it?
How do I change my username? | Can I change my username?
How often do I have to change my password? | How frequently must I change my password?
What are the password requirements? | What are the requirements for a password?
How do I encrypt an email? | How can I send an encrypted email?
Which software is approved? | What software is approved?
How do I install software? | How can I install software on my laptop?
Who has admin rights? | Who's got admin rights?
How do I get access to the database? | How can I get database access?
How do I access the shared drive? | How can I access the shared drive from home?
How do I map a network drive? | What are the steps for mapping a network drive?
How do I set an out-of-office reply? | How can I set up an out of office message?
How do I recall an email? | How can I recall an e-mail I sent?
How do I print double-sided? | How can I print on both sides?
Why is my internet slow? | What's the reason my internet is slow?
Why can't I log in? | What is the reason I cannot log in?
Why is the server down? | What's the reason the server is down?
When is the next maintenance window? | When does the next maintenance window take place?
How do I restart the service? | How can I restart the service?
Where are the logs stored? | In which place are the logs stored?
What is our uptime guarantee? | What uptime do we guarantee?
How do I create an API key? | How can I generate an API key?
What's the rate limit of the API? | What is the API rate limit?
How do I authenticate with the API? | How does API authentication work?
Which regions is the service available in? | In which regions is the service available?
Is my data encrypted? | Do you encrypt my data?
Where is customer data stored? | Where do you store customer data?
How long do you keep customer data? | How long is customer data retained?
Are you GDPR compliant? | Do you comply with GDPR?
Do you have an ISO 27001 certificate? | Are you ISO 27001 certified?
How can I get my data deleted? | How do I have my data deleted?
Who is the data protection officer? | Who's our data protection officer?
What counts as personal data? | What is considered personal data?
How do I report a data breach? | How should I report a data breach?
Can I use ChatGPT at work? | Am I allowed to use ChatGPT at work?
May I accept gifts from suppliers? | Can I accept gifts from suppliers?
What's the value limit for gifts? | What is the limit for the value of gifts?
How do I report misconduct? | Where can I report misconduct?
What is a conflict of interest? | Define conflict of interest.
Who audits the accounts? | Who is the auditor of the accounts?
When does the fiscal year end? | When is the end of the fiscal year?
What was the revenue in 2023? | How much revenue did we make in 2023?
How did sales develop in Q2? | What was the development of sales in Q2?
What are our top products? | Which are our top products?
Who are our biggest customers? | Who are our largest customers?
Who are our main competitors? | What are our main competitors?
What's the gross margin of the espresso line? | What is the espresso line's gross margin?
How is gross margin calculated? | How do you calculate gross margin?
What discount can I give? | How much discount may I give?
Who approves discounts above 10%? | Who must approve discounts of more than 10 percent?
How do I create a quote? | How can I create a quote in the system?
How long is a quote valid? | What is the validity of a quote?
How do I add a contact to the CRM? | How can I add contacts to the CRM?
What is the sales target for this quarter? | What's this quarter's sales target?
What commission do I get? | How much commission do I get?
When is commission paid? | When are commissions paid out?
What is the lead time for custom orders? | How long is the lead time for custom orders?
Which warehouse ships to Spain? | From which warehouse do we ship to Spain?
How do I handle a complaint? | What's the procedure for handling complaints?
How do I escalate a ticket? | How can I escalate a ticket?
What is the response time for priority 1 tickets? | How quickly do we respond to priority 1 tickets?
What are the support hours? | When is support available?
How can I reach support? | How do I contact support?
What's the support phone number? | What is the telephone number of support?
Do you have a phone number? | Is there a phone number I can call?
Is there live chat? | Do you have a live chat?
How do I speak to a human? | Can I talk to a real person?
How do I write a review? | How can I leave a review?
Do you have gift cards? | Do you sell gift cards?
How do I redeem a gift card? | How can I redeem my gift card?
Do gift cards expire? | Is there an expiry date on gift cards?
Can I combine discount codes? | Is it possible to combine discount codes?
Do you offer student discounts? | Is there a student discount?
Do you price match? | Do you offer price matching?
Is this product in stock? | Do you have this product in stock?
When will it be back in stock? | When is it going to be back in stock?
How do I choose the right size? | Which size should I choose?
What is the coffee made of? | What's in the coffee?
Is the coffee organic? | Is your coffee organic?
Where does the coffee come from? | What is the origin of the coffee?
How should I store coffee beans? | What's the best way to store coffee beans?
How long do coffee beans stay fresh? | How long do coffee beans keep fresh?
What grind size for French press? | What grind size should I use for a French press?
How much coffee do I need per cup? | How many grams of coffee do I need for a cup?
What water temperature is best for green tea? | What's the best water temperature for green tea?
How do I descale the kettle? | How can I descale a kettle?
How often should I descale the machine? | How often does the machine need to be descaled?
Why is my espresso bitter? | Why does my espresso taste bitter?
My grinder is jammed, how do I fix it? | How do I fix a jammed grinder?
Where can I get spare parts? | Where do I get spare parts?
Do you repair old machines? | Can old machines be repaired?
How much does a repair cost? | What does a repair cost?
What is the return address? | What address do I send returns to?
Who pays for return shipping? | Who pays the return shipping?
How many days do I have to return an item? | How long do I have to return an item?
Can I exchange an item? | Is it possible to exchange an item?
What if my item arrives damaged? | What should I do if my item arrives damaged?
How do I register for the webinar? | How can I register for the webinar?
When is the next all-hands meeting? | When does the next all-hands take place?
Where is the Christmas party? | Where does the Christmas party take place?
Who organizes the summer party? | Who is organising the summer party?
What's for lunch today? | What is on the lunch menu today?
Is there vegetarian food? | Are there vegetarian options?
Can I bring a guest? | Am I allowed to bring a guest?
How do I get to the office by train? | Which train goes to the office?
Is there bike parking? | Where can I park my bike?
Do we get a public transport subsidy? | Does the company pay for public transport?
Is there a gym? | Do we have a gym?
Can I get a second monitor? | May I have a second monitor?
How do I set up my monitor? | How can I set up a monitor?
Which phone do I get? | What phone will I get?
What's the laptop replacement cycle? | How often are laptops replaced?
Can I buy my old laptop? | Is it possible to purchase my old laptop?
How do I return equipment when I leave? | What do I do with my equipment when I leave the company?
How do I hand in my notice? | How do I resign?
Will I get a reference letter? | Do I get a letter of reference?
What happens to my vacation days when I leave? | What happens to unused vacation if I leave?
How do I correct a mistake in my timesheet? | How can I fix an error in my timesheet?
When are timesheets due? | When do I have to submit my timesheet?
Are overtime hours paid? | Do I get paid for overtime?
How is overtime compensated? | What compensation do I get for overtime?
What are the core hours? | What's the core working time?
Can I work part time? | Is part-time work possible?
Can I work from abroad? | Am I allowed to work from another country?
How many home office days are allowed per week? | How many days a week can I work from home?
Can I take a sabbatical? | Is it possible to take a sabbatical?
How do I call in sick? | What do I do when I'm sick?
When do I need a doctor's note? | From which day on is a doctor's note required?
Who do I inform when I am ill? | Whom do I have to inform when I'm ill?
What is the maternity leave policy? | What's the policy on maternity leave?
Do I get paid during jury duty? | Is jury duty paid?
How do I change my bank details? | How can I update my bank details?
Why is my salary lower this month? | Why did I get less pay this month?
What deductions are on my payslip? | Which deductions are on my payslip?
Which tax class am I in? | What's my tax class?
When do I get my tax certificate? | When will I receive my tax certificate?
Tell me about the stock option plan. | What is the stock option plan?
How do stock options vest? | What's the vesting schedule of the stock options?
Summarise the travel policy. | Give me a summary of the travel policy.
List all product categories. | What product categories are there?
Give me the address of the Leipzig warehouse. | What is the address of the warehouse in Leipzig?
Compare plan A and plan B. | What's the difference between plan A and plan B?
hi, what's the return policy for sale items? | What is the return policy for sale items?
Hello! Can you tell me when the store closes? | When does the store close?
Could you please tell me how much the gold plan costs? | how much does the gold plan cost
I want to know who manages the Berlin team. | Who manages the Berlin team?
what is the phone number of the service desk | phone number of service desk?
Quick question: do I need approval for a new monitor? | Do I need approval for a new monitor?
Can you explain what the escalation process is? | What is the escalation process?
Do you know where the first aid kit is? | Where is the first aid kit?
I was wondering if I can pay in instalments. | Can I pay in installments?
Thanks! And how do I archive a project? | How do I archive a project?
When's the release of version 2.4? | When will version 2.4 be released?
How do I roll back a deployment? | How can I roll back a deployment?
How do I merge two customer records? | How can two customer records be merged?
How many seats are in the Turing room? | What's the capacity of the Turing room?
How do I dispose of batteries? | Where do I throw away batteries?
What is the colour of the safety vests? | What color are the safety vests?
Who buys the milk? | Who is buying the milk?
How can we reduce shipping costs? | What can we do to lower shipping costs?
How do I start a new project? | How can I begin a new project?
"""

PARAPHRASES: list[tuple[str, str]] = [
    (first.strip(), second.strip()) for first, _, second in (line.partition("|") for line in _LINES.split("\n") if line)
]
"""All pairs, in the order of writing."""

TUNING, MEASURE = PARAPHRASES[::2], PARAPHRASES[1::2]
"""The halves: the guard was made while looking at the misses of the first. Of the second only the share was looked at,
but it has the same author, who remembered one or two of its pairs when a rule was narrowed."""
