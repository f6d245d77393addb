"""What answers in place of a model: the built-in responder, or an external one."""
