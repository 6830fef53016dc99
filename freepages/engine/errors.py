"""The one family of errors that freepages raises on purpose.

Every message is a single line that names the file, the field or the value at fault. A command prints it
and exits with status 2; whatever was being changed is as it was before the call.
"""


class FreepagesError(ValueError):
    """Something outside freepages (a file, an argument, a learner's move) is not what it must be."""
