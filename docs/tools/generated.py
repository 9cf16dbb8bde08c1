"""Pages that are written from the code: a program writes one, and with --check says whether it is up to date."""

import sys
from collections.abc import Sequence
from pathlib import Path

PAGES = Path(__file__).parents[1]


def keep(name: str, text: str, arguments: Sequence[str]) -> int:
    """Writes docs/NAME.md, or with --check compares it; the exit status of docs/tools/NAME_page.py."""
    page = PAGES / f"{name}.md"
    if "--check" not in arguments:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    print(f"docs/{name}.md is not what the code says: python -m docs.tools.{name}_page", file=sys.stderr)
    return 1
