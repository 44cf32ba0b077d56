"""Whether pictures still look as they did: seven numbers of each, compared in windows of time."""
