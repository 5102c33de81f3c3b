"""What a file or folder has besides its content: owner, group, mode, extended attributes."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

_NOT_COPIED = (errno.ENOTSUP, errno.ENODATA, errno.EINVAL)
_ONLY_ROOT = ("security.", "trusted.")  # kept where the system lets us


def copy_attributes(source: int | Path, target: int | Path) -> None:
    """Give a file or folder the owner, group, mode and extended attributes of another.

    Args:
        source, target: paths or file descriptors.

    Raises:
        OSError: one cannot be set, such as the owner by a user who is not root.
    """
    status, now = os.stat(source), os.stat(target)
    if sys.platform != "win32":
        if (status.st_uid, status.st_gid) != (now.st_uid, now.st_gid):
            os.chown(target, status.st_uid, status.st_gid)
        os.chmod(target, stat.S_IMODE(status.st_mode))
    if sys.platform == "linux":
        for name in os.listxattr(source):
            try:
                os.setxattr(target, name, os.getxattr(source, name))
            except OSError as error:
                known = error.errno in _NOT_COPIED
                if not known and not name.startswith(_ONLY_ROOT):
                    raise
