"""Terms: the verbs read, map, scan, reduce and join, of which every descriptor is a sentence."""
