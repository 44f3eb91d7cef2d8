"""Every error a person may meet, in one tree; it sits at the bottom so nobody imports upwards for it.

    WenceError                    known, shown as one line on stderr, exit status 1
    ├── UsageError                the command line is used wrongly; exit status 2
    ├── InputError                the person gave something unusable: text, file, option
    │   ├── DocumentError         a policy file cannot be read (encoding, binary, empty)
    │   └── CatalogError          catalog.toml is wrong: names file, line, key, expected
    ├── SettingsError             a WENCE_* setting is wrong: names setting, value, expected
    ├── WeightsError              model weights are missing, damaged, or cannot be written
    ├── IndexMissingError         there is no index yet: the person runs `wence index`
    ├── IndexStampError           the index was built with another model or parser
    ├── IndexDamagedError         the index on disk cannot be read
    ├── StorageError              disk full, read-only folder, port in use: the operator acts
    │   └── BusyError             another process is writing the index of this WENCE_HOME
    └── SearchError               the vector store did not answer

Messages are Chinese, one line, and say what, which value, and what to do next.
"""

from __future__ import annotations

import errno

_REASONS = {
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "只读文件系统",
    errno.ENOENT: "路径不存在",
    errno.ENOTDIR: "路径中有一段是文件而不是文件夹",
    errno.EISDIR: "这是文件夹，应为文件",
    errno.ENAMETOOLONG: "文件名过长",
    errno.EIO: "读写出错",
    errno.EMFILE: "打开的文件过多",
    errno.EADDRINUSE: "端口已被占用",
}


class WenceError(Exception):
    """A known failure; `str(error)` is the one line shown to the person."""


class UsageError(WenceError):
    """The command line is used wrongly."""


class InputError(WenceError):
    """The person gave something that cannot be used."""


class DocumentError(InputError):
    """A policy file cannot be read as text."""


class CatalogError(InputError):
    """A catalog entry is wrong; the message names file, line, key and what was expected."""


class SettingsError(WenceError):
    """A setting has a value that cannot be used."""


class WeightsError(WenceError):
    """Model weights are missing or damaged."""


class IndexMissingError(WenceError):
    """No index has been built under this WENCE_HOME."""


class IndexStampError(WenceError):
    """The index was built by another embedding model or parser version."""


class IndexDamagedError(WenceError):
    """The index folder exists but cannot be read."""


class StorageError(WenceError):
    """The machine refuses: disk full, folder not writable, port in use."""


class BusyError(StorageError):
    """Another process is writing the index of this WENCE_HOME."""


class SearchError(WenceError):
    """The vector store failed while answering."""


def cause(error: BaseException) -> str:
    """Why something failed, on one line: in Chinese where the system names it, else the library's words."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + "…"
