// The page "Chat".
