"""エクスプレス予約: a corporate site for people, and the usage file of the corporation."""
