"""What the chat benchmark's tenants know, and a question whose answer from it has a chat answer's usual length."""

from __future__ import annotations

QUESTION = "How many days after delivery may a customer return coffee, and who pays for the refund and the postage?"
"""The stand-in answers with the three sentences that match best: about 180 tokens of four characters."""

DOCUMENTS = {
    "returns-policy.md": """# Returns policy

A customer may return unopened coffee within 30 days after delivery, and the refund covers the full price that was paid
for the parcel including the postage of the first shipment, provided that the seal of every bag is intact. A customer
who is not happy with the taste may return opened coffee within 14 days after delivery, and receives store credit
instead of a refund, for which the head of the shop that sold the bag pays from its own budget for goodwill. Whoever
pays for the coffee by invoice receives the refund within five working days after the return has reached our warehouse
in Leipzig, and the customer is told of it by the colleague who has counted the bags on delivery.
""",
    "equipment.md": """# Brewing equipment

Grinders and kettles carry a two-year warranty. The warranty does not cover damage from limescale or from a fall. A
machine that comes back to the workshop is examined within a week, and its owner gets an offer before anything is
repaired. Spare parts are kept for seven years.
""",
    "roasting-guide.md": """# Roasting guide

Our house espresso is roasted to 218 degrees Celsius and rests for seven days before it is shipped. Filter roasts stop
at 206 degrees and rest for three days. Every batch is cupped by two people; a batch that scores below 82 points is not
sold. Green coffee is kept at 18 degrees and 60 percent humidity.
""",
}
