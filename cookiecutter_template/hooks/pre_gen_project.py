"""Refuses what would make no working project: names that Python cannot import, and text that ends quotes."""

import keyword
import sys

PACKAGE = '{{ cookiecutter.package }}'
TEXTS = r"""{{ cookiecutter.description }} {{ cookiecutter.author }} """
TAKEN = ('pipeline', 'core', 'pytorch_learner', 'pytorch_backend', 'aws_s3', 'aws_batch')

if not PACKAGE.isidentifier() or keyword.iskeyword(PACKAGE) or PACKAGE in TAKEN:
    sys.exit(f'{PACKAGE!r} cannot be the name of the package. Use letters, digits and _, and a name that is not taken.')
if any(character in TEXTS for character in '"\\\n'):
    sys.exit('The description and the author must be one line each, without double quotes and backslashes.')
