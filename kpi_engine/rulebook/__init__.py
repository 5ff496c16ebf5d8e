"""A rules folder, read and checked."""
