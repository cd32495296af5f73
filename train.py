"""The same program as `nlp-ssl`, for launchers that want a file.

python train.py pretrain mlm --corpus corpora/novels --out runs/mlm --budget 10M-tokens
accelerate launch --num_processes 4 train.py pretrain mlm --corpus corpora/novels --out runs/mlm
"""

import sys

from nlp_ssl.cli import main

if __name__ == "__main__":
    sys.exit(main())
