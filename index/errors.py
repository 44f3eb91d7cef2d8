"""Every error a person may meet, in one tree; it sits at the bottom so nobody imports upwards for it.

    WenceError                    known, shown as one line on stderr, exit status 1
    ├── InputError                the person gave something unusable: text, file, option
    │   ├── DocumentError         a policy file cannot be read (encoding, binary, empty)
    │   └── CatalogError          catalog.toml is wrong: names file, line, key, expected
    ├── SettingsError             a WENCE_* setting is wrong: names setting, value, expected
    ├── WeightsError              model weights are missing, damaged, or cannot be written
    ├── IndexMissingError         there is no index yet: the person runs `wence index`
    ├── IndexStampError           the index was built with another model or parser
    ├── IndexDamagedError         the index on disk cannot be read
    ├── StorageError              disk full, read-only folder, port in use: the operator acts
    └── SearchError               the vector store did not answer

Messages are Chinese, one line, and say what, which value, and what to do next.
"""

from __future__ import annotations


class WenceError(Exception):
    """A known failure; `str(error)` is the one line shown to the person."""


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


class SearchError(WenceError):
    """The vector store failed while answering."""
