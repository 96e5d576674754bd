"""The page of odd files tells what the program does now."""

from __future__ import annotations

import pytest
from odd_table import DATA, PAGE, page


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the real images are not beside the checkout")
def test_the_page_of_odd_files_is_up_to_date() -> None:
    written = PAGE.read_text("utf-8")
    now = page()
    assert now == written, "run python tests/dicom_in/odd_table.py and read what changed"
