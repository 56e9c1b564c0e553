"""`python -m wattcast`, where the command itself is not on the path."""

import sys

from wattcast.cli import main

sys.exit(main())
