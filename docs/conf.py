"""How Sphinx builds the documentation: ``make docs``, without any access to the internet."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from docutils.nodes import Element  # noqa: E402
from generate import public_objects, write_pages  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402
from sphinx.environment import BuildEnvironment  # noqa: E402

import radiomics_screen  # noqa: E402

write_pages(HERE)

project = "radiomics-screen"
author = "the authors of radiomics-screen"
version = release = radiomics_screen.__version__
html_title = f"radiomics-screen {version}"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_design",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

# The notebooks are run by `python docs/execute_notebooks.py`, and their outputs are kept.
nb_execution_mode = "off"
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_typehints = "none"  # the signature has them, and the text says what they mean
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
# Other packages cannot be looked up without the internet, and docstrings also name what is not public.
nitpick_ignore_regex = [(r"py:.*", r".*")]

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {
    page: [] for page in ("index", "install", "tutorial", "stability", "changelog", "contributing")
}  # they have no section to navigate
project_copyright = "the authors; Apache License 2.0. For research use only"


def _public(app: Sphinx, env: BuildEnvironment, node: Element, content: Element) -> Element | None:
    """Lead a docstring's reference to where a function is defined to the page of its public name."""
    short = str(node.get("reftarget", "")).rpartition(".")[2]
    documented = {name.rpartition(".")[2]: name for name in public_objects()}
    if node.get("refdomain") != "py" or short not in documented:
        return None
    page = node.get("refdoc", "")
    return env.domains["py"].resolve_xref(
        env, page, app.builder, node["reftype"], documented[short], node, content
    )


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("missing-reference", _public)
