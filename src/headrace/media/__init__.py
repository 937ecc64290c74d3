"""What needs codecs. Rules: this folder alone imports av (FFmpeg), and only for content that Headrace made itself: what
comes from a swarm is for players, in processes of their own."""
