"""What a guest does while it is migrated, in bulk: seeded, and evaluated only when somebody asks.

    workload = Workload.parse("uniform:2M/s:8GiB+dirty:50MiB/s:256MiB", seed=1)
    workload.begin(free, ram)             it has its pages
    did = workload.advance(0.3, free)     did.written, did.taken, did.given: what it did in 300 ms

idle[:WRITES/s[:WORKING_SET]]     does nothing, but that its kernel writes a few pages all the time
awake[:SIZE]                      a program runs: whenever it wakes, a few pages are written
still                             writes nothing at all
dirty:RATE[:WORKING_SET]          writes page after page of its working set, round and round, at RATE bytes/s
uniform:WRITES/s[:WORKING_SET]    every write goes to a page of its working set drawn at random
build[:PAGES/s[:HELD[:CACHED]]]   a kernel build: allocates, writes and frees, and its page cache grows
churn:PAGES/s[:HELD]              allocates and frees small numbers of pages, all the time
hog[:SIZE]                        filled memory and has ended: free pages that are not zero
A+B                               both at once

workload    the text, the pages of each part, the time
part        a part of a workload, and the record of what was done
writers     dirty, uniform, idle and awake
allocators  build, churn and hog
workingset  the pages that a part has
coins       random pages in bulk
"""

from freepages.migrate.workload.part_of_workload import Did
from freepages.migrate.workload.workload import FORMS, Workload

__all__ = ["FORMS", "Did", "Workload"]
