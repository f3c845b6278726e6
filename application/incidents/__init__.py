"""Incidents: raised by members and by policies, with evidence that is laid down once, until somebody closes them."""
