"""Passive tone controls of guitar amplifiers and of the Big Muff."""

from circuitnn.circuit.catalogue.reading import read
from circuitnn.circuit.circuit import Circuit


def bassman() -> Circuit:
    """Fender Bassman 5F6-A tone stack.

    ``H = (b1 s + b2 s^2 + b3 s^3)/(1 + a1 s + a2 s^2 + a3 s^3)`` with ``b1 = t C1 R1 + m C3 R3 + l (C1 R2 + C2 R2) + C1
    R3 + C2 R3`` and so on, for an ideal source and no load. Treble R1 250k, bass R2 1M, middle R3 25k, slope R4 56k, C1
    250p, C2 and C3 20n. Knobs: treble t (linear), bass (taper ``l = exp(3.4 (bass - 1))``), mid m (linear). Input Vin,
    output out, states C1, C2, C3.

    Values and closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack.
    """
    return read("bassman")


def jcm800() -> Circuit:
    """Marshall JCM800 tone stack.

    The third-order network of `bassman` with treble 220k, bass 1M, middle 22k, slope 33k, C1 470p, C2 and C3 22n; ideal
    source, no load. Knobs: treble (linear), bass (taper ``l = exp(3.4 (bass - 1))``), mid (linear). Input Vin, output
    out, states C1, C2, C3.

    Closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack; values from the table that is
    known with it.
    """
    return read("jcm800")


def jtm45() -> Circuit:
    """Marshall JTM45 tone stack.

    The third-order network of `bassman` with treble 250k, bass 1M, middle 25k, slope 33k, C1 270p, C2 and C3 22n; ideal
    source, no load. Knobs: treble (linear), bass (taper ``l = exp(3.4 (bass - 1))``), mid (linear). Input Vin, output
    out, states C1, C2, C3.

    Closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack; values from the table that is
    known with it.
    """
    return read("jtm45")


def mesa_mark() -> Circuit:
    """Mesa Boogie Mark tone stack.

    The third-order network of `bassman` with treble and bass 250k, middle 25k, slope 100k, C1 250p, C2 100n, C3 47n;
    ideal source, no load. Knobs: treble (linear), bass (taper ``l = exp(3.4 (bass - 1))``), mid (linear). Input Vin,
    output out, states C1, C2, C3.

    Closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack; values from the table that is
    known with it.
    """
    return read("mesa_mark")


def twin() -> Circuit:
    """Fender Twin Reverb AA270 tone stack.

    The third-order network of `bassman` with treble and bass 250k, middle 10k, slope 100k, C1 120p, C2 100n, C3 47n;
    ideal source, no load. Knobs: treble (linear), bass (taper ``l = exp(3.4 (bass - 1))``), mid (linear). Input Vin,
    output out, states C1, C2, C3.

    Closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack; values from the table that is
    known with it.
    """
    return read("twin")


def princeton() -> Circuit:
    """Fender Princeton AA1164 tone stack.

    The third-order network of `bassman` with treble and bass 250k, 4.8k in place of the middle control (m = 1), slope
    100k, C1 250p, C2 100n, C3 47n; ideal source, no load. Knobs: treble (linear), bass (taper ``l = exp(3.4 (bass -
    1))``). Input Vin, output out, states C1, C2, C3.

    Closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack; values from the table that is
    known with it.
    """
    return read("princeton")


def soldano() -> Circuit:
    """Soldano SLO-100 tone stack.

    The third-order network of `bassman` with treble 250k, bass 1M, middle 25k, slope 47k, C1 470p, C2 and C3 20n; ideal
    source, no load. Knobs: treble (linear), bass (taper ``l = exp(3.4 (bass - 1))``), mid (linear). Input Vin, output
    out, states C1, C2, C3.

    Closed form: Yeh, Smith (2006), Discretization of the '59 Fender Bassman tone stack; values from the table that is
    known with it.
    """
    return read("soldano")


def vox_ac30() -> Circuit:
    """Vox AC30 top boost tone stack.

    Third order, with the wiper of the bass control at C3 and its end at ground over R2, unlike the Fender stacks: bass
    up is middle down, and at bass 0 the response is nearly flat. Source 717 ohm, load 600k, R1 100k, R2 10k, C1 47p, C2
    and C3 22n. Knobs: treble (1M), bass (1M), both linear. Input Vin, output out, states C1, C2, C3.

    Values: Vox AC30/6 top boost (1964), as in the Duncan Amps tone stack calculator (Munro, 2003).
    """
    return read("vox_ac30")


def big_muff_tone() -> Circuit:
    """Big Muff Pi tone control: from a low-pass to a high-pass filter, with a scooped middle.

    Third order: R1 39k and C1 10n (low-pass), C2 4n and R2 22k (high-pass), a 100k potentiometer between them, C3 1u to
    the load of 100k, source 15k. Knobs: tone (linear; 0 is dark). Input Vin, output out, states C1, C2, C3.

    Values: Electro-Harmonix Big Muff Pi (1969 on), in the version that most analyses of it print.
    """
    return read("big_muff_tone")
