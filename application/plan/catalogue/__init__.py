"""The steps there are, a file a stage: understand, retrieve, act, answer, verify, after."""
