"""What operators watch: dashboards, alert rules, and what they are made of."""
