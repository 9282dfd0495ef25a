"""The page says why a row is off the sheet."""

from sqlalchemy import text

from tests.producers.conftest import Site


def change(site: Site, statement: str, **values: object) -> None:
    with site.everything() as db:
        db.execute(text(statement), values)


def take_off(site: Site, *flags: str) -> None:
    statement = (
        "UPDATE run_sheet_appointments SET removed_at = now(), flags = :flags WHERE id = :id"
    )
    change(site, statement, flags=list(flags), id=site.ids["Grace Invented"])


def page(site: Site, path: str = "/") -> str:
    return site.client.get(path, headers={"Accept": "text/html"}).text


def test_a_row_that_our_own_choice_leaves_out_is_not_called_gone(site: Site) -> None:
    site.sign_in()
    take_off(site, "left_out")

    told = page(site)

    assert "Left out here" in told
    assert "It was still in the PMS" in told


def test_a_row_that_the_pms_has_no_more_is_called_gone(site: Site) -> None:
    site.sign_in()
    before = page(site).count("Gone from the PMS")
    take_off(site)

    assert page(site).count("Gone from the PMS") == before + 1
