"""What MkDocs does not do by itself: API pages from the package, pages from notebooks, formulas as MathML."""

import base64
import html
import logging
import re
import sys
import textwrap
from pathlib import Path

import nbformat
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
from public_names import home, public_names, resolve

log = logging.getLogger("mkdocs.plugins.circuitnn")
ROOT = Path(__file__).parents[2]


# In the menu the rooms stand as a user comes to them, others after these.
IN_ORDER_OF_USE = (
    *("circuitnn", "circuits", "nodal", "wdf", "wdf.scattering", "spice", "audio", "train", "losses", "metrics"),
    *("recurrent", "convolutional", "networks", "frames", "filters", "hybrid", "capture", "pages", "study", "export"),
)


def on_config(config):
    """The menu goes on with the notebooks and the API."""
    notebooks = [f"Notebooks/{notebook.stem}.md" for notebook in _notebooks()]
    pages = [f"API/{_api_file(namespace)}" for namespace in sorted(public_names(), key=_place)]
    config.nav = [*config.nav, {"Notebooks": notebooks}, {"Reference": pages}]
    return config


def on_files(files: Files, config) -> Files:
    """Adds a page for each public namespace and one for each notebook."""
    for namespace, names in public_names().items():
        files.append(File.generated(config, f"API/{_api_file(namespace)}", content=_api_page(namespace, names)))
    for notebook in _notebooks():
        text, pictures = _notebook_page(notebook)
        files.append(File.generated(config, f"Notebooks/{notebook.stem}.md", content=text))
        for name, content in pictures.items():
            files.append(File.generated(config, f"Notebooks/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page, **_) -> str:
    """The netlists that the page of the catalogue names can be unfolded there."""
    if page.file.src_uri != "catalogue.md":
        return markdown

    def unfolded(match: re.Match) -> str:
        text = (ROOT / "circuitnn" / "circuit" / "catalogue" / match[1]).read_text(encoding="utf-8")
        fenced = f"```spice\n{text.rstrip()}\n```"
        return f'??? quote "{match[1]}"\n\n' + textwrap.indent(fenced, "    ")

    return re.sub(r"^Netlist: `(.+\.(?:cir|lib))`$", unfolded, markdown, flags=re.MULTILINE)


def on_page_content(content: str, page, **_) -> str:
    """Formulas, which the Markdown extension arithmatex has marked, become MathML."""

    def formula(match: re.Match) -> str:
        latex = html.unescape(match[3])
        try:
            return convert(latex, display="block" if match[1] == "div" else "inline")
        except Exception as error:
            log.warning("%s: formula %r: %s: %s", page.file.src_uri, latex, type(error).__name__, error)
            return match[0]

    return re.sub(r'<(span|div) class="arithmatex">\\(\(|\[)(.*?)\\[\)\]]</\1>', formula, content, flags=re.DOTALL)


def _notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def _api_file(namespace: str) -> str:
    return f"{namespace.partition('.')[2] or 'index'}.md"


def _place(namespace: str) -> tuple[int, str]:
    """Where a namespace stands in the menu."""
    name = namespace.removeprefix("circuitnn.")
    return (IN_ORDER_OF_USE.index(name) if name in IN_ORDER_OF_USE else len(IN_ORDER_OF_USE), name)


def _api_page(namespace: str, names: list[str]) -> str:
    """The namespace's own docstring, then each name where it is defined, under the name that users write."""
    module = resolve(namespace).__name__  # circuitnn.circuits is circuitnn.circuit.catalogue
    parts = [f"# {namespace}\n\n::: {module}\n    options:\n      members: false\n"]
    for name in names:
        path = f"{namespace}.{name}"
        options = f"      show_root_heading: true\n      show_root_toc_entry: true\n      heading: {path}\n"
        parts.append(f"::: {home(path)}\n    options:\n{options}")
    return "\n".join(parts)


def _notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """The notebook as Markdown, and its pictures and sounds by file name."""
    pictures: dict[str, bytes] = {}
    parts = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                continue  # progress bars
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{path.stem}-{len(pictures)}.png"
                pictures[name] = base64.b64decode(data["image/png"])
                said = re.search(r'title(?: = |=|\(figure, )"([^"]+)"', cell.source)
                parts.append(f"![{said[1] if said else 'What the code above draws'}]({name})")
            elif sound := re.search(r'"data:audio/wav;base64,([^"]+)"', data.get("text/html", "")):
                name = f"{path.stem}-{len(pictures)}.wav"
                pictures[name] = base64.b64decode(sound[1])
                parts.append(f'<audio controls src="{name}"></audio>')
            elif output.get("text") or "text/plain" in data:
                parts.append(f"```text\n{(output.get('text') or data['text/plain']).rstrip()}\n```")
    return "\n\n".join(parts) + "\n", pictures
