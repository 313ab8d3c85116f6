"""Stop an installation with a Python that is too old; written so that older ones can read it."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    version = sys.version.split()[0]
    sys.exit("make: error: Python 3.11 or newer is needed, found " + version + "; run: make PYTHON=python3.11")
