"""The handler of XLA's foreign functions around a program: the streams of a batch, over the threads of XLA."""

from collections.abc import Sequence
from importlib import resources

from circuitnn.native.lanes import is_shared, lanes_of, widened
from circuitnn.native.programs import Leaf, Program

FEW = 3  # streams of a batch that are played side by side; fewer go one after the other
ENTRY = "circuitnn_block"  # the symbol of the handler in a library


def with_handler(program: Program, *, is_wide: bool = False) -> str:
    """The text of a program and of its handler.

    Args:
        program: with numbers that are given at run time, or without.
        is_wide: several streams of a batch side by side, in vectors.

    Raises:
        LanesError: for a program that has no form with vectors.

    The handler takes arrays that all have the same number of axes of a batch in front, each of them as long as that of
    the batch or 1: the leaves of the carry, x (..., time, in_features), the knobs (..., time or 1) and the leaves of
    the values. It gives the leaves of the carry, and y (..., time, out_features). Those without numbers are left out.
    """
    name, state, values = program.name, with_numbers(program.state), with_numbers(program.values)
    ranks = [
        *(len(leaf.shape) for leaf in state),
        2,
        *(1 for _ in program.knobs),
        *(len(leaf.shape) for leaf in values),
    ]
    definitions = {
        "REAL": program.real,
        "STATE": f"{name}_state",
        "PREPARED": f"{name}_prepared",
        "PREPARE": f"{name}_prepare",
        "PROCESS": f"{name}_process",
        "IN": program.in_features,
        "OUT": program.out_features,
        "LEAVES": len(state),
        "KNOBS": len(program.knobs),
        "NUMBERS": len(values),
        "STATE_MEMBERS": _members(f"{name}_state", state),
        "VALUE_MEMBERS": _members(f"{name}_values", values),
        "FEW": FEW,
        "RANKS": f"{{{', '.join(map(str, ranks))}}}",
    }
    if program.values:
        definitions["VALUES"] = f"{name}_values"
    definitions["LANES"] = lanes_of(program) if is_wide else 1
    if is_wide:
        definitions |= _wide(program)
    lines = [f"#define CN_{key} {value}" for key, value in definitions.items()]
    after = resources.files("circuitnn.native").joinpath("handler.c").read_text(encoding="utf-8")
    several = [widened(program)] if is_wide else []
    return "\n".join([f"#define {name.upper()}_API static", program.text, *several, *lines, after])


def _wide(program: Program) -> dict[str, str]:
    """What the handler needs for vectors; a truth is -1 in one."""
    name = program.name
    state = [(leaf.name, leaf.size, leaf.dtype.kind == "b") for leaf in with_numbers(program.state)]
    prepared = [(member.name, member.size, member.ctype == "int") for member in program.prepared]

    def each(members: Sequence[tuple[str, int, bool]], form: str) -> str:
        loops = (
            f"for (int n = 0; n < {size}; n++) " + form.format(name=member, sign="-!!" if is_truth else "")
            for member, size, is_truth in members
        )
        return " ".join(loops)

    shared = {"ONE_COPY": "1", "WIDE_PREPARED": f"{name}_prepared"} if is_shared(program) else {}
    widen = "(wide).{name}[n][lane] = {sign}(one).{name}[n];"
    return {
        "WIDE_STATE": f"{name}_state_lanes",
        "WIDE_PREPARED": f"{name}_prepared_lanes",
        "WIDE_REAL": f"lanes_{program.real}",
        "WIDE_PROCESS": f"{name}_process_lanes",
        "WIDEN_STATE(wide, one, lane)": each(state, widen),
        "WIDEN_PREPARED(wide, one, lane)": each(prepared, widen),
        "NARROW_STATE(one, wide, lane)": each(state, "(one).{name}[n] = {sign}(wide).{name}[n][lane];").replace(
            "-!!", "!!"
        ),
    } | shared


def with_numbers(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Those that are members of a struct."""
    return [leaf for leaf in leaves if leaf.size]


def _members(struct: str, leaves: Sequence[Leaf]) -> str:
    places = (f"{{offsetof({struct}, {leaf.name}), sizeof((({struct} *)0)->{leaf.name})}}, " for leaf in leaves)
    return "".join(places)
