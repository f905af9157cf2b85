"""``python -m testbed.fakes CONFIG``: runs until it is killed."""

import asyncio
import json
import sys
from pathlib import Path

from testbed.fakes.server import Config, run

if __name__ == "__main__":
    asyncio.run(run(Config.load(json.loads(Path(sys.argv[1]).read_text()))))
