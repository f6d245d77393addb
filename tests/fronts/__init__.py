"""Both fronts over real sockets: each scenario is written once and run through both."""
