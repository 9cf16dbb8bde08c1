"""A function of C made into one for several streams side by side: each number becomes a vector of one number a stream.

What a program does to a sample is plain C of few kinds of statements. Here it is read again, with the types of its
names, and written with vectors of gcc and clang. Where streams part (a loop that goes on for some of them, a branch
that some take), all go along, and a mask says whose numbers change.
"""

import re
from collections.abc import Sequence
from string import Template
from typing import NamedTuple, final

from circuitnn.native.cache import machine
from circuitnn.native.expressions import REALS, SIZES, LanesError, Names, parsed, typed
from circuitnn.native.functions import Member
from circuitnn.native.mathematics import AVAILABLE, EXACT, definitions
from circuitnn.native.programs import Program
from circuitnn.native.values import padded

_DECLARED = re.compile(r"(const )?(\w+) (\w+) = (.*);")
_POINTER = re.compile(r"(const )?(\w+) \*const (\w+) = (.*);")
_ARRAY = re.compile(r"(\w+) (\w+)\[(\d+)\];")
_LOOP = re.compile(r"for \((?:int|int32_t) (\w+) = [^;]*;[^;]*;[^;]*\) \{")
_BRANCH = re.compile(r"if \((.*)\) \{")
_BREAK = re.compile(r"if \(!(.*)\) break;")
_COPY = re.compile(r"memcpy\((\w+), (\w+), (\d+)\*sizeof\((\w+)\)\);")
_ASSIGNED = re.compile(r"(.+?) (\+?)= (.*);")
_SOLVED = re.compile(r"(\w+_eliminate_float(?:32|64))_(\d+)\((\w+ \+ \d+)\);")
_CACHE = 2**15  # bytes of the cache next to a core
_NOTHING = re.compile(r"(\(void\)\w+; ?)+")


class _Block(NamedTuple):
    """Braces that are open: how deep they are, and the mask of the streams that are in there."""

    depth: int
    mask: str


@final
class Widened:
    """A function whose numbers are vectors.

    Attributes:
        lines: of its body.
    """

    def __init__(self, lines: Sequence[str], names: Names) -> None:
        self.lines: list[str] = []
        self._names, self._masks, self._count = names, [_Block(0, "")], 0
        self._depth, self._declared = 0, dict.fromkeys(names.kinds, 0)
        for line in lines:
            text = line.strip()
            before = len(self.lines)
            self._statement(text)
            indent = line[: len(line) - len(line.lstrip())]
            self.lines[before:] = [indent + new for new in self.lines[before:]]

    @property
    def _mask(self) -> str:
        return self._masks[-1].mask

    def _fresh(self) -> str:
        self._count += 1
        return f"mask{self._count}"

    def _statement(self, text: str) -> None:
        if not text or _NOTHING.fullmatch(text):
            self.lines.append(text)
        elif text == "}":
            while self._masks[-1].depth == self._depth:
                self._masks.pop()
            self._depth -= 1
            self.lines.append(text)
        elif text == "for (;;) {":
            self._depth += 1
            self.lines.append(text)
        elif match := _LOOP.fullmatch(text):
            self._depth += 1
            self._names.kinds[match[1]] = "index"
            self.lines.append(text)
        elif match := _BREAK.fullmatch(text):
            self._narrowed(match[1], "if (!{any}) break;")
        elif match := _BRANCH.fullmatch(text):
            self._depth += 1
            self._narrowed(match[1], "if ({any}) {{")
        elif match := _COPY.fullmatch(text):
            self.lines.append(f"for (int i = 0; i < {match[3]}; i++) {match[1]}[i] = splat_{match[4]}({match[2]}[i]);")
        elif match := _SOLVED.fullmatch(text):
            self.lines.append(f"{match[1]}_lanes({match[2]}, {padded(int(match[2]))}, {match[3]});")
        elif (match := _POINTER.fullmatch(text)) and self._is_table(match[4]):
            self._names.kinds[match[3]] = "table"
            self.lines.append(text)
        elif match := _POINTER.fullmatch(text):
            self._declare(match[3], match[2], is_array=True)
            self.lines.append(
                f"{match[1] or ''}{self._names.wide(match[2])} *const {match[3]} = {self._address(match[4])};"
            )
        elif match := _ARRAY.fullmatch(text):
            self._declare(match[2], match[1], is_array=True)
            self.lines.append(f"{self._names.wide(match[1])} {match[2]}[{match[3]}];")
        elif match := _DECLARED.fullmatch(text):
            self._declare(match[3], match[2])
            value = self._value(match[4], match[2])
            self.lines.append(f"{match[1] or ''}{self._names.wide(match[2])} {match[3]} = {value};")
        elif match := _ASSIGNED.fullmatch(text):
            self._assigned(match[1], match[2], match[3])
        else:
            raise LanesError(f"no vectors for {text[:60]!r}")

    def _declare(self, name: str, ctype: str, *, is_array: bool = False) -> None:
        self._names.kinds[name] = f"{ctype}*" if is_array else ctype
        self._declared[name] = self._depth

    def _narrowed(self, condition: str, form: str) -> None:
        """From here to the end of the block a mask is narrower."""
        name, mask = self._fresh(), self._value(condition, "int")
        self.lines.append(f"const lanes_int {name} = {mask}{f' & {self._mask}' if self._mask else ''};")
        self.lines.append(form.format(any=f"lanes_any({name})"))
        self._masks.append(_Block(self._depth, name))

    def _value(self, text: str, ctype: str) -> str:
        self._names.wanted = ctype
        return self._names.converted(typed(parsed(text), self._names), ctype)

    def _is_table(self, text: str) -> bool:
        return typed(parsed(text), self._names).kind == "table"

    def _address(self, text: str) -> str:
        where = typed(parsed(text), self._names)
        if not where.kind.endswith("*"):
            raise LanesError(f"no vectors at {text[:60]!r}")
        return where.text

    def _assigned(self, target: str, plus: str, value: str) -> None:
        place = typed(parsed(target), self._names)
        text = self._value(value, place.kind)
        root = re.match(r"\(*(\w+)", target)
        is_inside = root is not None and self._declared.get(root[1], 0) >= self._masks[-1].depth
        if self._mask and not is_inside:
            kept = f"{place.text} + {text}" if plus else text
            self.lines.append(f"{place.text} = select_{place.kind}({self._mask}, {kept}, {place.text});")
        else:
            self.lines.append(f"{place.text} {plus}= {text};")


def lanes_of(program: Program) -> int:
    """How many streams stand side by side: as many as are in a register with AVX-512, else half of that."""
    return (64 if "avx512f" in machine() else 32) // SIZES[program.real]


def is_shared(program: Program) -> bool:
    """Whether streams side by side read one copy of what is prepared, since one for each does not fit into the cache.

    So it is with the weights of larger networks. Streams whose knobs prepare other numbers are then played alone.
    """
    return sum(member.size * SIZES.get(member.ctype, 4) for member in program.prepared) * lanes_of(program) > _CACHE


def widened(program: Program) -> str:
    """The function that plays a block of several streams, with its types; for gcc and clang.

    Raises:
        LanesError: for what has no form with vectors.
    """
    name, real, lanes = program.name, program.real, lanes_of(program)
    state = [Member("int" if leaf.dtype.kind == "b" else leaf.ctype, leaf.name, leaf.size) for leaf in program.state]
    members = {"state": [member for member in state if member.size], "prepared": list(program.prepared)}
    kinds = {"in": f"{real}*", "out": f"{real}*", "count": "index"}
    for struct, parts in members.items():
        kinds |= {f"{struct}->{member.name}": f"{member.ctype}*" for member in parts}
    one_copy = is_shared(program)
    if one_copy:
        kinds |= {f"prepared->{member.name}": "table" for member in program.prepared}
    kinds |= dict.fromkeys(re.findall(r"^static const \w+ (\w+)\[\d+\] = ", program.text, re.M), "table")
    body = re.search(
        rf"\nvoid {name}_process\(.*?\) {{\n(.*?)\n}}|^\w+ void {name}_process\(.*?\) {{\n(.*?)\n}}",
        program.text,
        re.M | re.S,
    )
    if body is None:
        raise LanesError("the program has no function that plays")
    names = Names(kinds, f"{name}_", frozenset((*AVAILABLE, *EXACT)), lanes)
    function = Widened((body[1] or body[2]).splitlines(), names)
    functions = [
        definitions([called for called, kind in names.called if kind == one], one, lanes=lanes, prefix=f"{name}_")
        for one in ("double", "float")
    ]
    structs = [
        "\n".join(
            [
                "typedef struct {",
                *(f"  {names.wide(m.ctype)} {m.name}[{m.size}];" for m in parts),
                f"}} {name}_{struct}_lanes;",
            ]
        )
        for struct, parts in members.items()
    ]
    prepared = f"{name}_prepared" if one_copy else f"{name}_prepared_lanes"
    head = (
        f"static void {name}_process_lanes({name}_state_lanes *state, const {prepared} *prepared, "
        f"const lanes_{real} *in, lanes_{real} *out, int32_t count) {{"
    )
    solvers = [
        _ELIMINATE.substitute(P=f"{name}_", R=ctype, bits=8 * size) for ctype, size in SIZES.items() if ctype in REALS
    ]
    return "\n".join([_vectors(real, lanes), *functions, *solvers, *structs, head, *function.lines, "}"]) + "\n"


# As in `circuitnn.native.head`, a column at a time.
_ELIMINATE = Template("""static inline void ${P}eliminate_float${bits}_lanes(int n, int size, lanes_$R *a) {
  lanes_$R *const x = a + n*size;
  for (int i = 0; i < n; i++) {
    const lanes_$R *const c = a + i*size, over = 1/c[i];
    for (int k = i + 1; k <= n; k++) {
      lanes_$R *const d = a + k*size;
      d[i] *= over;
      for (int r = i + 1; r < n; r++) d[r] -= c[r]*d[i];
    }
  }
  for (int i = n - 1; i > 0; i--) for (int r = 0; r < i; r++) x[r] -= a[i*size + r]*x[i];
}""")


def _vectors(real: str, lanes: int) -> str:
    """Types, and what is done with all of them."""
    mask = f"int{8 * SIZES[real]}_t"
    lines = [
        f"typedef {ctype} lanes_{ctype} __attribute__((vector_size({size * lanes})));" for ctype, size in SIZES.items()
    ]
    lines += [
        f"typedef lanes_{mask} lanes_int;",
        f"static inline int lanes_any(lanes_int x) {{ {mask} any = 0; for (int n = 0; n < {lanes}; n++) any |= x[n];",
        "  return any != 0; }",
        f"static inline lanes_int splat_int(int x) {{ const {mask} m = -(x != 0);",
        f"  return (lanes_int){{{', '.join(['m'] * lanes)}}}; }}",
        "static inline lanes_int select_int(lanes_int m, lanes_int a, lanes_int b) { return (m & a) | (~m & b); }",
    ]
    for ctype, size in SIZES.items():
        bits, wide = f"lanes_int{8 * size}_t", f"lanes_{ctype}"
        is_same = size == SIZES[real]
        to_bits = "m" if is_same else f"__builtin_convertvector(m, {bits})"
        lines += [
            f"static inline {wide} splat_{ctype}({ctype} x) {{ return ({wide}){{{', '.join(['x'] * lanes)}}}; }}",
            f"static inline {wide} select_{ctype}(lanes_int m, {wide} a, {wide} b) {{",
            f"  const {bits} k = ({bits}){to_bits}; return ({wide})((k & ({bits})a) | (~k & ({bits})b)); }}",
            f"#define lanes_mask_{ctype}(x) "
            + ("((lanes_int)(x))" if is_same else "__builtin_convertvector((x), lanes_int)"),
            f"#define lanes_truth_{ctype}(x) lanes_mask_{ctype}((x) != splat_{ctype}(0))",
        ]
        if ctype in ("double", "float"):
            lines.append(f"#define lanes_abs_{ctype}(x) (({wide})(({bits})(x) & INT{8 * size}_MAX))")
    return "\n".join(lines)
