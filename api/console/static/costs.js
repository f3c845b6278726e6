// The page "Costs".
