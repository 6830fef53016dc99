"""What the tests hold the proposals to, whether they are searched or run by the clock."""

SAFE = {
    "migrate": {
        "everything",
        "snapshot",
        "locked",
        "pause_vm",
        "request_id",
        "inflate_deflate",
        "free_page_hint",
        "page_reporting",
    },
    "discard": {"everything", "locked", "pause_vm", "inflate_deflate", "free_page_hint", "page_reporting"},
}
"""What is safe by default."""
