"""Tests of members' files."""
