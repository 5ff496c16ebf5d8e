"""The words that everything shares. Imports only the standard library."""
