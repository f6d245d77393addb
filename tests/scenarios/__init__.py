"""What a call and an agent can do: each scenario through both fronts, against the emulator."""
