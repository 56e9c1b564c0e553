"""`python train_mbm.py --station_id ID …`: the command of the seed document. Everything happens in wattcast.legacy."""

import sys

from wattcast.legacy import main

if __name__ == "__main__":
    sys.exit(main("train_mbm.py"))
