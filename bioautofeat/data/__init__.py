"""Tables of properties, groupings and codes as CSV files; sources.csv says where each comes from."""
