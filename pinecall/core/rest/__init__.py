"""REST: requests as values. Functions make a ``RestOp``, a front's ``HttpPort`` runs it."""
