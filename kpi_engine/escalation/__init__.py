"""Verdicts and variation over periods -> the exceptions that a board must hear; alone knows durable-rules."""
