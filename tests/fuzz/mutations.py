"""Accidents that happen to files, from a seed."""

import re
from collections.abc import Sequence
from random import Random

NUMBERS = ("0", "-1", "1e300", "1e-300", "1e999", "{1/0}", "{sqrt(-1)}", "1k5", "nan", "inf", "1", "{k}", "")
_CHARACTERS = "{}()=,'\";.+-*/^0xXqé\0 \t\n"


def mutated(random: Random, data: bytes) -> bytes:
    """A byte sequence after one to four accidents: bits and bytes changed, pieces lost, doubled, or put elsewhere."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        if not changed:
            break
        at = random.randrange(len(changed))
        # Headers stand at the ends: half of the accidents happen there.
        if random.random() < 0.5:
            at = random.choice((at % 256, len(changed) - 1 - at % 256)) % len(changed)
        piece = bytes(changed[at : at + random.choice((1, 2, 4, 8, 64, 1024))])
        match random.randrange(7):
            case 0:
                changed[at] ^= 1 << random.randrange(8)
            case 1:
                changed[at] = random.randrange(256)
            case 2:
                del changed[at : at + len(piece)]
            case 3:
                changed[at:at] = piece
            case 4:
                changed[at : at + len(piece)] = random.randbytes(len(piece))
            case 5:
                changed[at : at + len(piece)] = random.choice((b"\x00", b"\xff", b"\x7f", b"9", b"-")) * len(piece)
            case 6:
                del changed[at:]
    return bytes(changed)


def accident(random: Random, lines: Sequence[str], others: Sequence[str], words: Sequence[str]) -> list[str]:
    """The lines of a netlist after one accident: lines and words swapped, dropped, doubled, replaced by others."""
    changed = [*lines] or [""]
    at = random.randrange(len(changed))
    match random.randrange(8):
        case 0:
            del changed[at]
        case 1:
            changed.insert(at, random.choice(others or [""]))
        case 2:
            changed[at], changed[-1] = changed[-1], changed[at]
        case 3:
            shuffled = changed[at].split()
            random.shuffle(shuffled)
            changed[at] = " ".join(shuffled)
        case 4:
            replaced = changed[at].split() or [""]
            replaced[random.randrange(len(replaced))] = random.choice(words or [""])
            changed[at] = " ".join(replaced)
        case 5:
            cut = random.randint(0, len(changed[at]))
            changed[at] = changed[at][:cut] + random.choice(_CHARACTERS) + changed[at][cut:]
        case 6:
            cut = random.randint(0, len(changed[at]))
            changed[at] = changed[at][:cut] + changed[at][cut + random.randint(1, 4) :]
        case 7:
            changed[at] = re.sub(r"[0-9.]+", lambda _: random.choice(NUMBERS), changed[at], count=1)
    return changed
