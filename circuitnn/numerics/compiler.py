"""How loops over time are compiled on the CPU: imported first, because XLA reads its flags only once.

XLA runs the body of a loop kernel by kernel, and each start of a kernel costs as much as a small circuit's sample.
Loops that touch little memory it can compile into one function instead; out of the box only those below a kilobyte.
With a larger bound a transistor stage runs four times faster for one stream, a GRU of 32 units three times.
"""

import os

# What a loop's body may touch in one pass. Larger loops gain less, and now and then take minutes to compile.
BYTES = 300_000
_FLAG = "xla_cpu_small_while_loop_byte_threshold"


def compile_small_loops_whole() -> None:
    """Set the flag for this process, unless XLA_FLAGS already says something about it.

    Has no effect once JAX has run a computation: import circuitnn before, or set XLA_FLAGS yourself.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_extra_options={_FLAG}={BYTES}".strip()


compile_small_loops_whole()
