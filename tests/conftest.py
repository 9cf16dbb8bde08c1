"""Tests run in both precisions; 64 bit has to be switched on before the first array is made."""

import hypothesis
import jax

jax.config.update("jax_enable_x64", True)

# Compilation makes the time of one example meaningless; the same examples everywhere make a failure repeatable.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, max_examples=30)
hypothesis.settings.load_profile("suite")
