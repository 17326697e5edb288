"""The command line: one noun, *run* (DESIGN section 10). Each module registers the commands of one concern."""
