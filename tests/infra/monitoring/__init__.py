"""Dashboards, alert rules and their pages."""
