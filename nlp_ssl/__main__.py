"""`python -m nlp_ssl` is the same program as `nlp-ssl`."""

import sys

from nlp_ssl.cli import main

if __name__ == "__main__":
    sys.exit(main())
