"""How large things are, unpacked."""

from pathlib import Path

MB = 1_000_000


def size_mb(folder: Path) -> float:
    """The files in `folder`, in MB of a million bytes."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / MB
