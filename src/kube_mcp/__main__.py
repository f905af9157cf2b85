"""``python -m kube_mcp`` is ``kube-mcp``."""

import sys

from kube_mcp.cli import main

sys.exit(main())
