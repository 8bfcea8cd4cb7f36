"""EasyPost: trackers and return labels of many carriers."""
