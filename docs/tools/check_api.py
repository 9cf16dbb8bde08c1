"""Fails when a public name is missing from the built pages: python docs/tools/check_api.py [site]."""

import sys
import zlib
from pathlib import Path

from public_names import home, public_names


def documented(inventory: Path) -> set[str]:
    """The names that the pages have anchors for, from the inventory (Sphinx's format) that mkdocstrings writes."""
    body = inventory.read_bytes().split(b"\n", 4)[4]
    return {line.split(" ", 1)[0] for line in zlib.decompress(body).decode().splitlines()}


def main(site: Path) -> int:
    """Prints what is missing; the exit status."""
    shown = documented(site / "objects.inv")
    names = public_names()
    paths = [f"{namespace}.{name}" for namespace, own in names.items() for name in own]
    missing = [path for path in paths if home(path) not in shown]
    for name in missing:
        print(f"not in the API pages: {name}", file=sys.stderr)
    if not names:
        print("the package hands on no public names", file=sys.stderr)
    elif not missing:
        print(f"all {len(paths)} public names are in the API pages")
    return 1 if missing or not names else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "site")))
