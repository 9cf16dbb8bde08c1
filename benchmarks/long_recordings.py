"""`python -m benchmarks.long_recordings --hours 2`: a training on recordings that do not fit in memory.

Stereo noise of that length goes through a memoryless device into two sound files (5.5 GB for two hours), and a GRU is
trained on them for one epoch. Printed are the resident memory at its largest, and how long it took.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optax
import soundfile
from flax import nnx

from circuitnn.recurrent import GRU, Scaling
from circuitnn.train import TruncatedBPTT, fit, recordings

FS, SECONDS = 48_000, 30  # of what is written at a time
REGIME = TruncatedBPTT(2048, warmup=512)


def write(folder: Path, hours: float) -> None:
    """The files played.wav and recorded.wav: the same noise again and again, at other levels from other places on."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((SECONDS * FS, 2)).cumsum(axis=0)
    noise = (noise[8:] - noise[:-8]).astype(np.float32) / 8
    with (
        soundfile.SoundFile(folder / "played.wav", "w", FS, 2, "FLOAT") as played,
        soundfile.SoundFile(folder / "recorded.wav", "w", FS, 2, "FLOAT") as recorded,
    ):
        for _ in range(max(1, round(3600 * hours / SECONDS))):
            x = np.float32(rng.uniform(0.2, 2)) * np.roll(noise, int(rng.integers(len(noise))), axis=0)
            played.write(x)
            recorded.write(np.tanh(2 * x))


def trained(folder: Path, batch: int) -> str:
    """What one epoch takes, in words."""
    began = time.monotonic()
    whole = recordings(folder / "played.wav", folder / "recorded.wav", channel="each")
    train, validation = whole.split(0.95, 0.05)
    scaling = Scaling.from_data(validation.x, validation.y)
    model = GRU(4, scaling=scaling, rngs=nnx.Rngs(0))
    _, history = fit(
        model, train, REGIME, optimizer=optax.adam(1e-3), epochs=1, batch=batch, validation=validation, progress=False
    )
    size = 2 * whole.x.size * whole.x.dtype.itemsize / 1e9
    return (
        f"{whole.seconds / len(whole.x) / 3600:g} hours of stereo, {size:.2g} GB: {history.updates} updates in "
        f"{time.monotonic() - began:.0f} s ({time.process_time():.0f} s of processors), validation ESR "
        f"{history.initial:.3g} before and {history.validation[-1]:.3g} after"
    )


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.long_recordings", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--batch", type=int, default=40, help="windows of an update")
    parser.add_argument("--folder", type=Path, help="for the files, on a disk with room  [default: a temporary one]")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write(Path(folder), options.hours)
        print(trained(Path(folder), options.batch))
    print(f"resident memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
