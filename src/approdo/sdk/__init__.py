"""What a connector type is written with: documents, errors, the declaration, HTTP. No Django, no engine."""
