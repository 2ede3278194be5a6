"""Makes this checkout's `src/` importable in the running virtual environment, and the command `approdo`."""

import sys
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
COMMAND = """#!{python}
import sys
from approdo.__main__ import main
sys.exit(main())
"""

Path(sysconfig.get_path("purelib"), "approdo.pth").write_text(f"{SOURCE}\n")
script = Path(sysconfig.get_path("scripts"), "approdo")
script.write_text(COMMAND.format(python=sys.executable))
script.chmod(0o755)
