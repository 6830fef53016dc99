"""Real memory: a machine's zones and free pages, read from its /proc files, kept in one small file.

    Snapshot.capture()            this machine, now
    Snapshot.from_proc(folder)    copies of another machine's /proc files
    Snapshot.load(path)           a snapshot file; snapshot.save(path) writes one
    snapshot.bitmap()             the bitmap of its free pages

procfs      readers for buddyinfo, pagetypeinfo, zoneinfo, iomem and version
kpageflags  the flag word of every page, down to one bit a page
layout      where buddyinfo's blocks could lie, when kpageflags cannot say where they do
snapshot    Snapshot and SnapshotZone
file        the snapshot file, byte for byte
report      a snapshot as a table and as JSON
"""

from freepages.real.snapshot import Snapshot, SnapshotZone

__all__ = ["Snapshot", "SnapshotZone"]
