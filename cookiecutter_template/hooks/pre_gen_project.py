"""Refuses names that Python cannot import."""

import sys

PACKAGE = '{{ cookiecutter.package }}'

if not PACKAGE.isidentifier() or PACKAGE in ('pipeline', 'core', 'pytorch_learner', 'pytorch_backend'):
    sys.exit(f'{PACKAGE!r} cannot be the name of the package. Use letters, digits and _, and a name that is not taken.')
