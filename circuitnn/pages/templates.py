"""Pages from templates: one file each, which needs nothing but itself."""

import base64
import importlib.util
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from circuitnn.files import replacing

HERE = Path(__file__).parent


def missing_package() -> str | None:
    """What pages with pictures need and is not installed, as a sentence that says what installs it."""
    for name in ("jinja2", "matplotlib"):
        if importlib.util.find_spec(name) is None:  # matplotlib itself takes half a second
            return f"the report needs {name}: pip install 'circuitnn[plots]'"
    return None


def check_packages() -> None:
    """Before anything of a page is computed.

    Raises:
        ModuleNotFoundError: when what pages need is not installed, with what installs it.
    """
    missing = missing_package()
    if missing is not None:
        raise ModuleNotFoundError(missing)


def write(path: str | os.PathLike, template: Path, functions: dict[str, Any], **content: Any) -> Path:
    """Write a page, whole or not at all; the path.

    Args:
        path: ends in .html; folders on the way are made.
        template: as the others of `rendered`.
        functions: likewise.
        content: likewise.

    Raises:
        OSError: when the file cannot be written.
    """
    path = Path(path)
    page = rendered(template, functions, **content)
    with replacing(path) as file:
        file.write(page.encode())
    return path


def rendered(template: Path, functions: dict[str, Any], **content: Any) -> str:
    """A page as HTML; all text that is put into it is escaped.

    Args:
        template: of jinja2; it may include "page.css", and macros from the files beside it.
        functions: that the template calls; `embedded(png)` is always there.
        content: what the template names.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(functions, embedded=_embedded)
    return environment.get_template(template.name).render(**content)


def _embedded(png: bytes) -> str:
    """A picture as the address of an image that is in the page itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def wav(sound: NDArray, fs: float) -> str:
    """A sound as the address of a wav file that is in the page itself, 16 bit."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(sound, -1, 1), round(fs), subtype="PCM_16", format="WAV")
    return "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode()
