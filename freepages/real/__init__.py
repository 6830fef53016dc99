"""Real memory: a machine's zones and free pages, read from its /proc files, kept in one small file.

Snapshot.capture()            this machine, now
Snapshot.from_proc(folder)    copies of another machine's /proc files
Snapshot.load(path)           a snapshot file; snapshot.save(path) writes one
snapshot.bitmap()             the bitmap of its free pages
"""

from freepages.real.snapshot import Snapshot, SnapshotZone

__all__ = ["Snapshot", "SnapshotZone"]
