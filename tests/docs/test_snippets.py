"""Every block of code in README and the pages runs as it is printed, in order, with the files that the page makes."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import circuitnn as cn

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ACTIVATE = "source .venv/bin/activate"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
# Quick pages; the others train, fit, or start the command many times.
QUICK = {"circuits", "index"}


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def program(page, folder):
    """One program of all blocks of a page; those for a shell are run where they stand."""
    parts, before = [], [] if ACTIVATE in page.read_text(encoding="utf-8") else [ACTIVATE]
    for number, (language, text) in enumerate(blocks(page)):
        if language == "sh":
            lines = [line for line in text.splitlines() if runs(line)]
            (folder / f"block{number}.sh").write_text("\n".join([*before, *lines]), encoding="utf-8")
            before = [ACTIVATE] if ACTIVATE in text else before  # a reader's shell stays as it is from block to block
            text = f"import subprocess\nsubprocess.run(['bash', '-e', 'block{number}.sh'], check=True)\n"
        elif file := re.match(r"# (\w+\.py)\n", text):  # a file that the reader is to make
            (folder / file.group(1)).write_text(text, encoding="utf-8")
            text = f"import subprocess, sys\nsubprocess.run([sys.executable, '{file.group(1)}'], check=True)\n"
        parts.append(text)
    return "\n".join(parts)


def runs(line):
    """What installs, and what `make` does, is tested by itself."""
    return not re.match(r"\s*(make\b|pip\b|PIP_)", line)


def environment(folder):
    """A shell that has circuitnn on its PATH after the line of the pages only."""
    activate = folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    home = str(Path(sys.executable).parent)
    activate.write_text(f"export PATH={shlex.quote(home)}:$PATH\n", encoding="utf-8")
    path = os.pathsep.join(name for name in os.environ["PATH"].split(os.pathsep) if name != home)
    # BLAS threads of processes side by side wait for each other, which costs a fit many times its own work.
    return {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, "MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem, marks=() if page.stem in QUICK else pytest.mark.slow)
        for page in PAGES
        if any(runs(line) for _, text in blocks(page) for line in text.splitlines())
    ],
)
def test_code_runs(page, tmp_path):
    if re.search(r"cn\.spice\.(ac|transient)|--ngspice", program(page, tmp_path)) and cn.spice.version() is None:
        pytest.skip("ngspice is not installed")
    if any(re.search(r"^cc ", text, flags=re.MULTILINE) for _, text in blocks(page)) and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    (tmp_path / "page.py").write_text(program(page, tmp_path), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    written = set(re.findall(r'(?:write|save)\((?:\w+, )?"(.*?)"', (tmp_path / "page.py").read_text(encoding="utf-8")))
    assert written <= {path.name for path in tmp_path.iterdir()}


def test_targets_of_make_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for page in PAGES:
        for _, text in blocks(page):
            for name in re.findall(r"^make[ \t]+([a-z-]+)", text, flags=re.MULTILINE):
                assert name in targets, f"{page.name}: make {name}"
