"""What a step is and is told, and all steps, a file a stage: understand, retrieve, act, answer, verify, after."""
