"""``python -m radiomics_screen`` is ``radiomics-screen``."""

from radiomics_screen.cli import main

if __name__ == "__main__":
    main()
