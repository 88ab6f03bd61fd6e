"""The pipeline framework: configs, runners, file systems, command line."""

import sys

# `python -m` puts the working directory in front of all that is installed, where a file json.py or numpy.py of somebody
# else's would be run. It is taken away before the first import that could find one: while Python looks for the module
# to run, '-m' stands for its name.
if sys.argv[:1] == ['-m'] and 'rastervision.pipeline.cli' in sys.orig_argv and not sys.flags.safe_path:
    del sys.path[0]

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
