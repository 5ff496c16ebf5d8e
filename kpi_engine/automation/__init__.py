"""The monthly run: returns come in, reports go out, and a log says what was done when."""
