"""One migration of one guest, by the clock: `freepages migrate`.

options   the command's options
command   what it does with them
guest     which guest: a snapshot's, or one made up
memory    whether it fits into this machine
run       the migration, and what is measured
report    the result as JSON and as text
chart     the result as a picture
"""
