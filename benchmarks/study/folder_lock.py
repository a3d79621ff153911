"""A lock on a folder that ends with its process, however that ends."""

import errno
import os
import socket
import time
from pathlib import Path

LOCK_FILE = ".lock"

# Somebody who only asks whether the lock is taken holds it for an instant.
_TRIES = 5
_PAUSE_S = 0.2
# Lustre without -o flock, and some network drives.
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


class FolderLock:
    """An exclusive lock on ``.lock`` in a folder, which the kernel frees when its process dies.

    Parameters
    ----------
    folder : pathlib.Path
        It is made, with its parents, when the lock is acquired.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: tuple[str, ...] = ()
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        ValueError
            When another process has it.
        OSError
            When the folder cannot be made or written to.
        """
        if self.held:
            raise RuntimeError(f"{self.folder} is locked by this very object")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / LOCK_FILE
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not self._try(file):
                raise ValueError(
                    f"{self.folder} is in use by {_read(path) or 'another process'}; "
                    "wait until it ends, or stop it"
                )
            os.ftruncate(file, 0)
            os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        except OSError as error:
            # A full disk keeps the name of the holder out, not the lock itself.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                os.close(file)
                raise
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, as removing it would let two processes lock two files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def holder(self) -> str | None:
        """Return who holds the lock, or None when nobody does or it cannot be told."""
        import fcntl

        path = self.folder / LOCK_FILE
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(path) or "another process"
        except OSError:
            return None
        finally:
            os.close(file)
        return None

    def _try(self, file: int) -> bool:
        import fcntl

        for trial in range(_TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if trial + 1 < _TRIES:
                    time.sleep(_PAUSE_S)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                self.warnings = (
                    f"{self.folder} is on a file system without locks: see that no other client writes there",
                )
                return True
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
