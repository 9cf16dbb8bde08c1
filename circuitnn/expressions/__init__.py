"""SPICE's expressions: parsed, evaluated in JAX, written as text."""
