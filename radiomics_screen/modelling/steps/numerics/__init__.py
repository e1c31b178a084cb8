"""What several steps share: scaling, clinical columns, ComBat's estimates."""
