// The page "Audit".
