"""What our Medusa connector does, told once and run against both: our sandbox and a real Medusa.

That is why the sandbox is believed. A subclass gives the fixture `side`; it may be shared: every test has its own order.
"""

from tests.peers.medusa_reads import MedusaReads
from tests.peers.medusa_writes import MedusaWrites


class MedusaSuite(MedusaReads, MedusaWrites):
    """All of it."""
