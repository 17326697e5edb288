"""Makes the generated part of the documentation: `python -m docs.tools.generate`. Not part of the distribution."""
