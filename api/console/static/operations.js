// The page "Operations".
