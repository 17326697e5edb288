"""The pure sequencing core: state and one input record in, decisions out. No clock, no I/O."""
