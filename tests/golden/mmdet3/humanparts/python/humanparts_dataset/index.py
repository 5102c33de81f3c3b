"""HumanParts: what was read from its files, kept for the next start.

Made by dataforge (template shared/index); yours to edit. An index makes a start faster and changes
nothing else: a file whose size or times have changed is read again, and an index that is damaged,
or made by other code, is not used. It is a line of JSON, texts, and numbers as they are in memory:
nothing in it can be run.
"""
import contextlib
import json
import logging
import os
import os.path as osp
import stat
import sys
import tempfile
import time
import zlib
from array import array
from collections.abc import Sequence

# A file that is changed twice within a tick of its clock has the same times; FAT's is 2 s.
TICK = 2 * 10**9
HOUR = 3600 * 10**9
_said = set()


def index_path(index, ann_file, folder):
    """Where the index of a list lies: in the folder of its files, or in `index` if that is one.

    None where `index` is False.
    """
    if not index:
        return None
    if isinstance(index, (str, os.PathLike)):
        list_ = f'{osp.abspath(ann_file)} of {osp.abspath(folder)}'
        folder = index
    else:
        try:
            list_ = osp.relpath(ann_file, folder)  # the same when both are moved
        except ValueError:
            list_ = osp.abspath(ann_file)  # on another drive
    stem = osp.splitext(osp.basename(ann_file))[0][:40]
    number = zlib.crc32(list_.encode('utf-8', 'surrogatepass'))
    return osp.join(folder, f'.dataforge-index-humanparts-{stem}-{number:08x}')


class Objects(Sequence):
    """[(number, box, flag), ...] to read; in memory as in a file, which makes a start fast."""

    __slots__ = 'columns', 'start', 'end'

    def __init__(self, columns, start, end):
        self.columns = columns
        self.start = start
        self.end = end

    @classmethod
    def of(cls, objects):
        """The same objects in columns of their own."""
        numbers, boxes, flags = columns = _columns(b'')
        for number, box, flag in objects:
            numbers.append(number)
            boxes.extend(box)
            flags.append(flag)
        return cls(columns, 0, len(numbers))

    def parts(self):
        """(numbers, edges of the boxes, flags)."""
        numbers, boxes, flags = self.columns
        start, end = self.start, self.end
        return numbers[start:end], boxes[4 * start:4 * end], flags[start:end]

    def __len__(self):
        return self.end - self.start

    def __iter__(self):
        numbers, boxes, flags = self.parts()
        edges = iter(boxes)
        return zip(numbers, zip(edges, edges, edges, edges), map(bool, flags))

    def __getitem__(self, index):
        return list(self)[index]

    def __eq__(self, other):
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    def __repr__(self):
        return repr(list(self))

    def __reduce__(self):
        # Without those of other files, and as bytes: mmdet 3 pickles every image at the start.
        return _objects, (b''.join(part.tobytes() for part in self.parts()),)


class Index:
    """What was read from files: name -> (text, width, height, [(number, box, flag), ...]).

    path: of the index; None reads every file.
    reader: stands for the code that reads and its settings.
    files: how many there are, which bounds the size of an index.
    kinds: numbers are below it.
    """

    def __init__(self, path, reader, files, kinds):
        self.path = path
        self.header = dict(version=1, reader=reader, kinds=kinds, order=sys.byteorder)
        self.largest = 4 * 2**20 + 8 * 2**10 * files  # 200 objects a file
        self.started = time.monotonic()
        self.known = _load(path, self.header, self.largest) if path else {}
        self.entries = {}
        self.changed = False

    def read(self, name, path, reader):
        """`reader(path)`; by the index, where the file is as it was."""
        if not self.path:
            return reader(path)
        status = os.stat(path)  # of before: what changes while it is read, is read again
        stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns
        entry = self.known.get(name)
        if entry is None or entry[0] != stamp:
            entry = stamp, reader(path)
            self.changed = True
        self.entries[name] = entry
        return entry[1]

    def save(self):
        """Write the index, if it has changed, whole or not at all; where that fails, say so."""
        if not self.path or not (self.changed or len(self.entries) < len(self.known)):
            return
        folder, name = osp.split(osp.abspath(self.path))
        try:
            handle, temporary = tempfile.mkstemp('.tmp', f'{name}.', folder)
            try:
                with open(handle, 'wb') as file:
                    now = os.fstat(handle).st_mtime_ns  # by the clock of the files' times
                    began = now - int((time.monotonic() - self.started) * 10**9)
                    data = _pack(self.header, self.entries, before=began - TICK)
                    if len(data) > self.largest:
                        raise OverflowError(f'it has {len(data)} bytes')
                    file.write(data)
                os.chmod(temporary, 0o644)
                os.replace(temporary, self.path)
            except BaseException:
                os.remove(temporary)
                raise
        except (OSError, OverflowError) as error:
            if folder not in _said:
                _said.add(folder)
                logging.getLogger(__name__).warning(
                    "no index is kept in %s (%s): every start reads all files; index='FOLDER' "
                    'keeps it elsewhere, index=False does without', folder, error)
        else:
            _remove_leftovers(folder, f'{name}.', now - HOUR)


def _remove_leftovers(folder, start, before):
    """Remove what processes have left that were killed before a time, while they wrote."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(start) and entry.name.endswith('.tmp'):
                if entry.stat(follow_symlinks=False).st_mtime_ns < before:
                    os.remove(entry.path)


def _pack(header, entries, before):
    """An index of what was last changed before a time; it may change again within a tick."""
    names, texts, files, columns = [], [], array('q'), _columns(b'')
    for name, (stamp, (text, width, height, objects)) in entries.items():
        if max(stamp[1:]) < before and '\0' not in text:
            names.append(name)
            texts.append(text)
            files.extend((*stamp, width, height, len(objects)))
            for column, part in zip(columns, objects.parts()):
                column.extend(part)
    words = '\0'.join(names + texts).encode('utf-8', 'surrogatepass')
    body = words + b''.join(column.tobytes() for column in (files, *columns))
    sizes = dict(words=len(words), files=len(names), objects=len(columns[0]), sum=zlib.crc32(body))
    return json.dumps(dict(header, **sizes)).encode() + b'\n' + body


def _load(path, header, largest):
    """Name -> (stamp, entry) of an index; empty if it is none, or not for this reader."""
    try:
        data = _bytes(path, largest)
        start = data.index(b'\n', 0, 4096) + 1
        given = json.loads(data[:start].decode())
        if any(given[key] != value for key, value in header.items()):
            return {}
        return _unpack(memoryview(data)[start:], header['kinds'], given)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _unpack(body, kinds, given):
    """What `_pack` has packed; raises ValueError for what it cannot have."""
    words, count, number = given['words'], given['files'], given['objects']
    if min(words, count, number) < 0 or words + 48 * count + 41 * number != len(body):
        raise ValueError('damaged')
    if zlib.crc32(body) != given['sum']:
        raise ValueError('damaged')
    texts = bytes(body[:words]).decode('utf-8', 'surrogatepass').split('\0')
    files = array('q', bytes(body[words:words + 48 * count]))
    columns = _columns(body[words + 48 * count:])
    numbers, counts = columns[0], files[5::6]
    if min(counts, default=0) < 0 or sum(counts) != number:
        raise ValueError('damaged')
    if min(numbers, default=0) < 0 or max(numbers, default=0) >= kinds:
        raise ValueError('damaged')
    entries, end, row = {}, 0, iter(files)
    for name, text, size, changed, placed, width, height, length in zip(
            texts, texts[count:], row, row, row, row, row, row):
        start, end = end, end + length
        stamp = size, changed, placed
        entries[name] = stamp, (text, width, height, Objects(columns, start, end))
    return entries


def _columns(data):
    """Numbers, edges of boxes and flags, from their bytes: 8, 4 * 8 and 1 for each object."""
    count = len(data) // 41
    columns = array('q'), array('d'), array('b')
    parts = data[:8 * count], data[8 * count:40 * count], data[40 * count:]
    for column, part in zip(columns, parts):
        column.frombytes(part)
    return columns


def _objects(data):
    """Unpickles `Objects`."""
    return Objects(_columns(data), 0, len(data) // 41)


def _bytes(path, largest):
    """The content of a plain file; raises OSError for what is none, ValueError for a stranger's."""
    flags = [getattr(os, name, 0) for name in ('O_NOFOLLOW', 'O_NONBLOCK', 'O_BINARY')]
    with open(os.open(path, os.O_RDONLY | sum(flags)), 'rb') as file:
        status = os.fstat(file.fileno())
        folder = os.stat(osp.dirname(path) or os.curdir)
        if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
            raise ValueError('no index')
        # In a folder such as /tmp, others can put a file that cannot change those that are there.
        if folder.st_mode & stat.S_ISVTX and status.st_uid not in (folder.st_uid, os.geteuid()):
            raise ValueError('of somebody else')
        return file.read(status.st_size)
