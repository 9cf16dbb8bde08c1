"""The player around a program: live knobs, blocks of any size, no clicks."""

from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

import numpy as np

from circuitnn.export.words import identifiers, quoted
from circuitnn.knobs import is_knob
from circuitnn.model import Model
from circuitnn.native import Program

BITS = {"double": ("uint64_t", "0x7FF0000000000000ULL"), "float": ("uint32_t", "0x7F800000U")}
LARGEST = {"double": "1.7976931348623157e308", "float": "3.40282347e38f"}

FINITE = """/* Read in the bits, so that it holds with -ffast-math too. */
${P}_LOCAL int ${p}_is_finite${other}(${real} number) {
  ${bits} bits;
  memcpy(&bits, &number, sizeof bits);
  return (bits & ${exponent}) != ${exponent};
}

"""
GLIDE = """/* One sample on the way: what is prepared goes in a straight line, and ends where it shall. */
${P}_LOCAL void ${p}_glide(${p}_player *player) {
  if (player->left == 1) {
    player->now = player->to;
  } else {
    const ${real} part = 1 / (${real})player->left;
    int32_t k;
    (void)k;
    (void)part;
${members}  }
  player->left--;
}

"""
GLIDE_STEP = """    if (player->left > 0) {
      ${p}_glide(player);
      count = 1;
    }
    ${p}_process(&player->state, &player->now, x, y, count);
"""
FADE = """/* One sample on the way: what the model does with the knobs of before fades into what it does with those of
 * now, in its output and in the memory that both go on with. */
${P}_LOCAL void ${p}_fade(${p}_player *player, const ${p}_sample *in, ${p}_sample *out) {
  ${p}_sample heard[${P}_OUTPUTS];
  int32_t k;
  player->other = player->state;
  ${p}_process(&player->other, &player->to, in, heard, 1);
  if (player->left == 1) {
    player->state = player->other;
    player->now = player->to;
    memcpy(out, heard, sizeof heard);
  } else {
    const ${real} part = (${real})(${P}_FRAME + 1 - player->left) / ${P}_FRAME;
    ${p}_process(&player->state, &player->now, in, out, 1);
    for (k = 0; k < ${P}_OUTPUTS; k++) out[k] += part * (heard[k] - out[k]);
${members}  }
  player->left--;
}

"""
FADE_STEP = """    if (player->left > 0) {
      ${p}_fade(player, x, y);
      count = 1;
    } else {
      ${p}_process(&player->state, &player->now, x, y, count);
    }
"""
CHECK = """
/* Plays a noise of 1 V that is the same everywhere, with the knobs at their defaults, and returns the largest
 * difference from what the model in Python made of it, over the peak. The player is at rest after it. */
${P}_LOCAL double ${p}_check(${p}_player *player) {
  static const ${real} expected[${length}] = {
${expected}
  };
  ${p}_sample in[${P}_INPUTS], out[${P}_OUTPUTS];
  double peak = 0, worst = 0;
  uint32_t random = 1;
  int32_t n, k;
  ${p}_start(player);
  for (n = 0; n < ${length} / ${P}_OUTPUTS; n++) {
    for (k = 0; k < ${P}_INPUTS; k++) {
      random = random * 1664525U + 1013904223U;
      in[k] = (${real})((double)(random >> 8) / 8388608 - 1);
    }
    ${p}_play(player, in, out, 1);
    for (k = 0; k < ${P}_OUTPUTS; k++) {
      const double wanted = (double)expected[n * ${P}_OUTPUTS + k], size = wanted < 0 ? -wanted : wanted;
      const double away = (double)out[k] - wanted, difference = away < 0 ? -away : away;
      if (size > peak) peak = size;
      if (difference > worst) worst = difference;
    }
  }
  ${p}_start(player);
  return peak > 0 ? worst / peak : worst;
}
"""
AT_ONCE_STEP = "    ${p}_process(&player->state, &player->now, x, y, count);\n"


def player(program: Program, model: Model, *, frame: int, smoothing: str, expected: np.ndarray | None = None) -> str:
    """The text that follows a program's.

    Args:
        program: the lowered model.
        model: that was lowered: its knobs with their defaults, its rate.
        frame: samples of a control frame; 1 prepares at each sample that a knob moves at.
        smoothing: "interpolate" or "crossfade".
        expected: (samples, out_features), what the model makes of `noise`; without it nothing is checked.
    """
    parts = {"glide": "", "step": AT_ONCE_STEP, "aims": "", "check": "" if expected is None else CHECK}
    is_spread = frame > 1 and bool(program.knobs)
    if is_spread:
        parts["aims"] = "  ${p}_prepared to; /* at the end of a control frame */\n"
        if smoothing == "interpolate":
            parts |= {"glide": GLIDE, "step": GLIDE_STEP}
            members = _members(program.prepared, "now", "to", is_guarded=True)
        else:
            parts |= {"glide": FADE, "step": FADE_STEP, "aims": parts["aims"] + "  ${p}_state other;\n"}
            members = _members(program.state, "state", "other")
        parts["glide"] = Template(parts["glide"]).safe_substitute(members=members)
    words = _words(program, model) | {
        "frame": str(frame),
        "aim": "to" if is_spread else "now",
        "start": str(frame) if is_spread else "0",
        "length": "0" if expected is None else str(expected.size),
        "expected": "" if expected is None else _table(expected.ravel(), program.real),
    }
    text = Template(resources.files(__package__).joinpath("player.c").read_text(encoding="utf-8"))
    return text.substitute(words, **{name: Template(part).substitute(words) for name, part in parts.items()})


def _words(program: Program, model: Model) -> dict[str, str]:
    """What stands for the names in the texts; nothing in it is a stranger's but through `words`."""
    p, real, names = program.name, program.real, program.knobs
    defaults = [float(model.controls[name]) for name in names]
    ends = [("0", "1") if is_knob(value) else (f"-{LARGEST[real]}", LARGEST[real]) for value in defaults]
    enumerators = [f"{p.upper()}_KNOB_{name.upper()} = {k}" for k, name in enumerate(identifiers(names))]
    return {
        "p": p,
        "P": p.upper(),
        "real": real,
        "fs": "0.0 /* not stated */" if model.fs is None else repr(float(model.fs)),
        "latency": str(model.latency),
        "inputs": str(program.in_features),
        "outputs": str(program.out_features),
        "knobs": str(len(names)),
        "places": str(max(1, len(names))),
        "numbers": f"enum {{ {', '.join(enumerators)} }};\n" if names else "",
        "names": "".join(f"    case {k}: return {quoted(name)};\n" for k, name in enumerate(names)),
        "defaults": ", ".join(number(value, real) for value in defaults) or "0",
        "least": ", ".join(least for least, _ in ends) or "0",
        "most": ", ".join(most for _, most in ends) or "0",
        "in_place": "" if program.in_features == program.out_features else " not",
        "finite": _tests(program),
        "memory": _memory(program),
    }


def noise(samples: int, features: int) -> np.ndarray:
    """What the check of a header plays, (samples, features): the high bits of a generator of whole numbers."""
    random, numbers = 1, np.empty(samples * features)
    for n in range(len(numbers)):
        random = (random * 1664525 + 1013904223) % 2**32
        numbers[n] = (random >> 8) / 2**23 - 1
    return numbers.reshape(samples, features)


def number(value: float, real: str) -> str:
    """A finite number as C has it, with all its digits."""
    text = str(np.float32(value)) if real == "float" else repr(float(value))
    text = text if any(sign in text for sign in ".e") else f"{text}.0"
    return f"{text}f" if real == "float" else text


def _tests(program: Program) -> str:
    """The test of one number, for each type of them that there is."""
    kinds = {program.real: "", **{leaf.ctype: "_other" for leaf in program.state if leaf.ctype != program.real}}
    return "".join(
        Template(FINITE).substitute(
            p=program.name, P=program.name.upper(), real=real, other=other, bits=BITS[real][0], exponent=BITS[real][1]
        )
        for real, other in kinds.items()
        if real in BITS
    )


def _memory(program: Program) -> str:
    """Statements that look at the real numbers of the state."""
    lines = []
    for leaf in program.state:
        if leaf.ctype in BITS and leaf.size:
            test = f"{program.name}_is_finite{'' if leaf.ctype == program.real else '_other'}"
            lines.append(
                f"  for (k = 0; k < {leaf.size}; k++)\n    if (!{test}(player->state.{leaf.name}[k])) return 0;\n"
            )
    return "".join(lines)


def _table(numbers: np.ndarray, real: str) -> str:
    texts = [number(value, real) for value in numbers]
    return ",\n".join(f"    {', '.join(texts[start : start + 4])}" for start in range(0, len(texts), 4))


def _members(leaves: Sequence[Any], here: str, there: str, *, is_guarded: bool = False) -> str:
    """Statements that move the reals of one struct a part of the way to those of another.

    Where both are the same, infinite ones too, nothing moves.
    """
    lines = []
    for leaf in leaves:
        if leaf.ctype not in BITS or not leaf.size:
            continue
        a, b = f"player->{here}.{leaf.name}[k]", f"player->{there}.{leaf.name}[k]"
        guard = f"if ({a} != {b}) " if is_guarded else ""
        lines.append(f"    for (k = 0; k < {leaf.size}; k++) {guard}{a} += ({leaf.ctype})part * ({b} - {a});\n")
    return "".join(lines)
