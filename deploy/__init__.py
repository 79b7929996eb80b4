"""How the platform is run: on one machine to try it, and as a provider."""
