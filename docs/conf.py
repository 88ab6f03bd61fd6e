"""Settings of the documentation site; `scripts/docs` builds it."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator import api, command_line, configs, drawing, errors, library, notebooks  # noqa: E402  (this folder must be on the path first)

settings = tomllib.loads((HERE.parent / 'pyproject.toml').read_text())

project = 'Raster Vision'
version = release = settings['tool']['rastervision']['version']
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon']
exclude_patterns = ['_build', 'notebooks', 'generator', 'reference/generated/errors.rst']  # a page includes it
default_role = 'code'  # docstrings write `name` for code
nitpicky = False

html_theme = 'furo'
html_static_path = ['static']
html_css_files = ['site.css']
html_title = f'Raster Vision {version}'
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

myst_enable_extensions = ['colon_fence', 'deflist']
myst_heading_anchors = 4
myst_links_external_new_tab = False

autoclass_content = 'both'  # arguments are described at __init__
autodoc_typehints_format = 'short'
autodoc_member_order = 'bysource'
autodoc_default_options = {'members': True, 'show-inheritance': True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

for page in (configs, api, command_line, drawing, errors, library, notebooks):
    page.write(HERE / 'reference' / 'generated')


def setup(app):
    """Connect what changes pages."""
    app.connect('source-read', library.link)
