"""The screens: Django's admin with Unfold."""
