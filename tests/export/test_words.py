"""What strangers wrote never reaches C as anything but words."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from circuitnn.export.words import LONGEST_TEXT, WIDTH, comment, comment_text, identifiers, quoted

HOSTILE = [
    '*/ system("x"); /*', "*\\/", "*\\\n/", "/\\*", "**//", "/*/", "//**", "??/", "???/", "????/", "a\\", "a\nb",
    "\r\x00\x1b[2J", "\u2028*/", "\u202e/*", "\u2217/ \u2044*", "int", "x" * 10_000, "*/" * 5000,
    "", " ", "%n%s", '"; int x = "', "*\uffa0/", "\uff0a\uff0f", "\uff1f\uff1f\uff0f",
]  # fmt: skip
words = st.text() | st.text(alphabet="*/\\?\n \"'%x\uff0a\uff0f\uff1f") | st.sampled_from(HOSTILE)


@given(words)
@example("/ * /")
def test_a_comment_stays_one(text):
    inner = comment_text(text)
    assert re.fullmatch(r"[\x20-\x7e]*", inner)
    assert not any(sign in inner for sign in ("*/", "/*", "//", "??", "\\"))
    assert len(inner) < 2 * LONGEST_TEXT + 8
    whole = comment(text, text)
    assert whole.isascii()
    assert whole.index("*/") == len(whole) - 2
    assert whole.rindex("/*") == 0
    assert not re.search(r"\?\?|\\", whole)
    assert max(map(len, whole.splitlines())) <= WIDTH + 3


@given(words)
def test_a_text_in_quotes_stays_one(text):
    assert re.fullmatch(r'"[A-Za-z0-9 _.,:;()+\-/]*"', quoted(text))
    assert len(quoted(text)) <= LONGEST_TEXT + 2


@given(st.lists(words, max_size=5))
def test_names_are_names_and_differ(texts):
    names = identifiers(tuple(texts))
    assert len(set(names)) == len(texts)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and len(name) < 60 for name in names)


@pytest.mark.parametrize(
    ("text", "kept"), [("Fender 5F6-A, R1*C1 (10%)?", True), ("a ?? b", False), ("R\xf6hre", False)]
)
def test_what_is_harmless_is_kept(text, kept):
    assert (comment_text(text) == text) is kept
    assert comment_text("R\xf6hre") == "Rohre"
