"""A low-pass whose corner follows a knob, in closed form, and folders with measurements of it."""

import numpy as np
from scipy import signal

from circuitnn import audio

FS = 48_000
TONES = (0.0, 0.3, 0.7, 1.0)
FREQS = np.geomspace(30, 18e3, 24)


def corner(tone):
    return 300.0 * 20.0 ** np.asarray(tone)


def low_pass(freqs, knobs):
    """(n, f) complex."""
    return 1 / (1 + 1j * np.asarray(freqs) / corner(knobs["tone"])[:, None])


def digital(tone):
    """b and a at FS, by the bilinear transform."""
    return signal.bilinear([1], [1 / (2 * np.pi * corner(tone)), 1], fs=FS)


def digital_response(freqs, tones):
    return np.stack([signal.freqz(*digital(tone), freqs, fs=FS)[1] for tone in tones])


def write_table(folder, *, has_phase, tones=TONES, freqs=FREQS):
    """responses.csv, its lines in no order."""
    h = low_pass(freqs, {"tone": np.array(tones)})
    lines = [
        f"{tone},{freq},{20 * np.log10(np.abs(value))}" + (f",{np.rad2deg(np.angle(value))}" if has_phase else "")
        for tone, row in zip(tones, h, strict=True)
        for freq, value in zip(freqs, row, strict=True)
    ]
    np.random.default_rng(0).shuffle(lines)
    header = "tone, freq_hz, magnitude_db" + (", phase_deg" if has_phase else "")
    (folder / "responses.csv").write_text("\n".join([header, *lines, ""]))
    return h


def write_recordings(folder, played, *, tones=TONES, is_kept=True):
    """settings.csv and what came back of a sound, with input.wav where it is kept."""
    rows = ["tone,file"]
    for k, tone in enumerate(tones):
        heard = signal.lfilter(*digital(tone), played)
        audio.write(folder / f"heard{k}.wav", heard, FS, subtype="DOUBLE")
        rows.append(f"{tone},heard{k}.wav")
    (folder / "settings.csv").write_text("\n".join([*rows, ""]))
    if is_kept:
        audio.write(folder / "input.wav", played, FS, subtype="DOUBLE")
