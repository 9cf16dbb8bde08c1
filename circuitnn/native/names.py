"""Names in C that what strangers wrote cannot break out of."""

import re

LONGEST = 40
KEYWORDS = frozenset(  # of C and C++
    re.findall(
        r"\w+",
        """
        auto break case char const continue default do double else enum extern float for goto if inline int
        long register restrict return short signed sizeof static struct switch typedef union unsigned void
        volatile while main asm and and_eq bitand bitor bool catch class compl delete dynamic_cast explicit
        export false friend mutable namespace new not not_eq operator or or_eq private protected public
        reinterpret_cast static_cast template this throw true try typeid typename using virtual wchar_t xor
        xor_eq
        """,
    )
)


def safe_name(text: str) -> str:
    """An identifier of C made of a text: small letters, digits and single underscores, beginning with a letter."""
    name = re.sub(r"[^a-z0-9]+", "_", text[: 4 * LONGEST].lower()).strip("_")[:LONGEST].strip("_")
    if not name or not name[0].isalpha():
        name = f"model_{name}".strip("_")
    return f"{name}_model" if name in KEYWORDS else name
