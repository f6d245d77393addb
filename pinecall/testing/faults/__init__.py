"""Named faults: cuts, delays, restarts, repeated frames, each at a moment that it waits for.

``@pytest.mark.pinecall(faults=["cut-during-tool"])`` runs a test under one or several of them,
``--pinecall-chaos`` every test that has a client under each, beside the normal run, and
``--pinecall-faults`` lists them.

- The same test must pass. It begins when the agents are registered; its expectations wait longer by
  the time for which a fault keeps the program cut off (:data:`.injector.PATIENCE` at most); and what
  says how fast or by which frames something comes about (``within=``, ``assert_trace``) is not checked
  once a fault has happened.
- A fault that a test names and that does not happen fails the test: it would prove nothing. Under
  ``--pinecall-chaos`` the test passes: it may have no tools, or no calls.
- A test that names its faults is run under these alone, also by ``--pinecall-chaos``;
  ``faults=[]`` takes it out.
- The platform tells most events once. Those of an outage are lost, which no client can prevent: a
  program that acts on one of them alone, or speaks by itself while the link is down, fails, as it
  would in production.
- Over real sockets (``clock="real"``) the link cannot be pulled, nor the port given up; the list says
  which faults need the virtual clock.
"""
