"""Write the pages that are made from the workflow itself; `make docs` runs this first."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from _extensions import config_keys, results_pages  # noqa: E402

PAGES = [config_keys, results_pages]

if __name__ == "__main__":
    for made in PAGES:
        made.PAGE.write_text(made.page(), encoding="utf-8")
