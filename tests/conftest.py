"""Tests run in both precisions; 64 bit has to be switched on before the first array is made."""

import jax

jax.config.update("jax_enable_x64", True)
