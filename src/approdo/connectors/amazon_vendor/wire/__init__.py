"""The only package that knows Amazon's JSON, one module per API."""
