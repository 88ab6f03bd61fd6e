"""Where training is recorded, besides its output folder."""
