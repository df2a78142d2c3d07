"""Operations -> a Python package."""
