"""Pages from templates: one file each, which needs nothing but itself."""

import base64
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def missing_package() -> str | None:
    """What pages with pictures need and is not installed, as a sentence that says what installs it."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        return f"the report needs {error.name}: pip install 'circuitnn[plots]'"
    return None


def rendered(template: Path, functions: dict[str, Any], **content: Any) -> str:
    """A page as HTML; all text that is put into it is escaped.

    Args:
        template: of jinja2; it may include "page.css", and macros from the files beside it.
        functions: that the template calls; `embedded(picture)` is always there.
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


def _embedded(picture: Any) -> str:
    """A `Picture` as the address of an image that is in the page itself."""
    return "data:image/png;base64," + base64.b64encode(picture.png).decode()
