"""REST: requests as values. Each function makes a :class:`RestOp`; a front's ``HttpPort`` runs it."""
