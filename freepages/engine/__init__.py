"""The engine: a run is a scenario plus a schedule.

A *process* is a generator over a shared world. Each ``yield`` stands **before** one atomic action and
announces it; the code from there to the next ``yield`` is that action, and nothing else moves meanwhile. So
at any moment it is known what every process is about to do, whether it may, and if not, why not:

    def acquire(self, cpu):
        yield TAKES_LOCK, self, cpu          # announced; the lock guards the move: it must be free
        self.holder = cpu                    # done, when the scheduler picks this process

What is yielded is an announcement: an :class:`Act` (or plain text) and its arguments. Where the first
argument is a :class:`Guard`, the process may move only while the guard is ready; a :class:`Choose` also wants
to be told which of its options the process takes. Three rules keep a run replayable, and later searchable:

- before its first ``yield`` a process touches nothing shared;
- it keeps its position in plain local values, never in an iterator of something another process may change;
- it takes nothing from clocks, sets' order or unseeded chance.

A *scenario* builds a world with its processes. A *schedule* says who moved, as a short text: ``h g g w1a
w0f`` is host, guest, guest, workload with its choice ``1a``, workload with ``0f``. Replaying a schedule gives
the same run; going back is replaying one move less. Announcing before acting (rather than reporting after) is
what makes the set of possible moves a function of the state, with no empty step for a lock that was free or a
last return.
"""

from freepages.engine.announcement import Act as Act
from freepages.engine.announcement import Steps as Steps
from freepages.engine.announcement import sentence as sentence
from freepages.engine.guard import Choose as Choose
from freepages.engine.guard import Guard as Guard
from freepages.engine.guard import Until as Until
from freepages.engine.lock import DROPS_LOCK as DROPS_LOCK
from freepages.engine.lock import TAKES_LOCK as TAKES_LOCK
from freepages.engine.lock import Lock as Lock
from freepages.engine.process import Process as Process
from freepages.engine.run import Run as Run
from freepages.engine.run import Scenario as Scenario
from freepages.engine.run import Step as Step
from freepages.engine.run import stuck as stuck
from freepages.engine.schedule import Move as Move
from freepages.engine.schedule import Schedule as Schedule
from freepages.engine.schedule import ScheduleError as ScheduleError
from freepages.engine.schedulers import at_random as at_random
from freepages.engine.schedulers import straight as straight
from freepages.engine.schedulers import to_the_end as to_the_end
