"""Typed tables measured: exact parts by rule and month."""
