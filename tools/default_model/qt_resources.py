"""Files inside Qt's compiled resources (.rcc), whose layout is that of QResource's own reader (qresource.cpp)."""
import struct
import zlib

COMPRESSED, FOLDER = 1, 2  # flags of an entry


def files_in(path):
    """(name, bytes) of every file in it; those that Qt packs with zstd are passed over."""
    data = path.read_bytes()
    magic, version, tree, contents, names = struct.unpack(">4sIIII", data[:20])
    if magic != b"qres":
        raise ValueError(f"{path} is no Qt resource file")
    size = 22 if version >= 2 else 14  # of an entry: version 2 added the time of change
    number = lambda at: struct.unpack(">I", data[at : at + 4])[0]

    def walk(entry, prefix):
        at = tree + size * entry
        flags = struct.unpack(">H", data[at + 4 : at + 6])[0]
        if flags & FOLDER:
            for child in range(number(at + 10), number(at + 10) + number(at + 6)):
                name = names + number(tree + size * child)
                length = struct.unpack(">H", data[name : name + 2])[0]
                yield from walk(child, f"{prefix}/{data[name + 6 : name + 6 + 2 * length].decode('utf-16-be')}")
        elif flags in (0, COMPRESSED):
            start = contents + number(at + 10)
            body = data[start + 4 : start + 4 + number(start)]
            yield prefix, zlib.decompress(body[4:]) if flags else body  # qCompress: the length, then zlib

    yield from walk(0, "")
