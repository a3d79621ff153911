"""Laws by kind."""
