"""Accidents that happen to files, from a seed."""

from random import Random


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
