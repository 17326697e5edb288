"""How runs look to a person: terminal text, Markdown. Pure; rows in, text out."""
