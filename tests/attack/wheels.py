"""Wheels of small packages, written by hand, so that fifty of them are made and installed in a second."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.plugins.packages import entry_points_text, metadata_text

_WHEEL = "Wheel-Version: 1.0\nGenerator: ivrkit-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(
    folder: Path,
    name: str,
    code: str,
    *,
    states: Mapping[str, str] | None = None,
    plugins: Mapping[str, str] | None = None,
) -> Path:
    """Write the wheel of a package with one module.

    :param folder: the folder of the wheel.
    :param name: the name of the distribution and of the module.
    :param code: the source of the module.
    :param states: the entry points in ``ivrkit.states``: name -> value.
    :param plugins: the entry points in ``ivrkit.plugins``: name -> value.
    """
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": metadata_text(name, "1.0"),
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": entry_points_text(states, plugins),
    }
    record = "".join(f"{path},{_hash(text)},{len(text.encode())}\n" for path, text in files.items())
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return wheel


def _hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256={digest.rstrip('=')}"
