"""`python -m genesis.locale [--check]`: see messages.py."""

import sys

from genesis.locale.messages import main

sys.exit(main(sys.argv[1:]))
