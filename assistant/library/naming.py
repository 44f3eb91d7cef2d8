"""Names and bounds of what is handed in."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from index.errors import InputError
from index.files.archive import ZIP_SUFFIX
from index.files.kinds import SUFFIXES
from index.reading import MAX_FILE_BYTES

MOST_BYTES = MAX_FILE_BYTES
"""Of one file: what `wence index` reads at most."""
MOST_WAITING = 200
"""Files that nobody has decided about yet. A district's office gets a few dozen a week."""
MOST_KEPT_BYTES = 20 * 1024**3
"""All files that were handed in, published ones included: 200 of the largest."""
KINDS = (*SUFFIXES, ZIP_SUFFIX)
_LONGEST_BYTES = 200
"""A name on a Linux disk has 255 bytes at most, and drafts of it get a few more."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_UNFIT = re.compile(r'[<>:"|?*]')


def cleaned_name(given: str) -> str:
    """A file name that is safe on every system: no folder, no sign that cannot be seen, not hidden.

    >>> cleaned_name("C:\\\\文件\\\\若干措施.docx"), cleaned_name("../../etc/.x.txt")
    ('若干措施.docx', 'x.txt')

    Raises:
        InputError: nothing is left, or files of this kind are not read.
    """
    name = _UNSEEN.sub("", unicodedata.normalize("NFC", given)).replace("\\", "/").rpartition("/")[2]
    name = _UNFIT.sub("_", name).lstrip(" .~$").rstrip(" .")
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    if suffix.lower() not in KINDS or not stem:
        raise InputError(f"不收这种文件（{given[:80]!r}）；可以上传 {'、'.join(kind[1:] for kind in KINDS)}")
    while len((stem + suffix).encode()) > _LONGEST_BYTES:
        stem = stem[:-1]
    # Folders are searched without their readme (`index.reading.find_files`).
    return f"{stem}{suffix}" if name.lower() != "readme.md" else f"{stem}_{suffix}"


def too_large(name: str, size: int) -> InputError:
    """What is said of a file over the bound."""
    return InputError(f"{name} 有 {size / 1024**2:.1f} MB，超过上限 {MOST_BYTES // 1024**2} MB；请拆成单个文件")
