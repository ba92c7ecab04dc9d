# SPDX-License-Identifier: Apache-2.0
"""A cardholder at the airline: proves with the card who it is, joins programmes, redeems benefits."""
import re
from typing import NamedTuple

from opal_process import Opal
from person import Person

USER = "demo"
# The programmes of the demo: on the card, and in the airline's own database.
MILES, CLUB = "Skylark Miles", "Skylark Club points"
CODES = {MILES: "9001", CLUB: "9002"}


class Proof(NamedTuple):
    """What the browser brought from the card's site."""
    transaction: str
    result: str


def signs_in_with_the_card(person: Person, opal: Opal) -> Proof:
    person.goes_to(opal.sites["airline"])
    person.presses("Sign in with your card")
    person.sees("Sign in with your card") if not person.script else None
    person.shoots("airline-prove")
    if person.page.get_by_role("button", name=re.compile("^Go on to ")).count():
        person.presses(re.compile("^Go on to "))
    person.sees(re.compile("^Prove to "))
    assert "You pay" in person.text() and "nothing" in person.text()
    person.shoots("proof")
    _proves_it(person, opal)
    person.shoots("proof-done")
    proof = Proof(*(
        person.page.locator(f"input[name={name}]").input_value() for name in Proof._fields))
    person.presses(re.compile("^Back to "))
    person.sees("Your points")
    return proof


def _proves_it(person: Person, opal: Opal):
    # Who is signed in at the card's site is not asked again.
    if person.has_entry("Password"):
        person.fills("User identifier", USER)
        person.fills("Password", opal.secret("demo-password"))
    person.presses("Prove it with my card")
    person.sees("Your card has proved who you are")


def joins(person: Person, *programmes: str):
    for name in programmes:
        person.presses(f"Join {name}")
        person.sees("Your points")


def orders(person: Person, opal: Opal, title: str):
    """As far as the page that says what it costs."""
    person.goes_to(opal.sites["airline"])
    person.follows(re.compile(title))
    person.shoots("airline-benefit-" + title.split()[-1].lower())
    person.presses(re.compile("^(Redeem|Get it|Take it)"))


def confirms(person: Person):
    person.page.locator("form[data-once] button.primary").click()


def proves_the_order(person: Person, opal: Opal):
    """Points of the database are redeemed by a proof."""
    person.sees(re.compile("^Prove to "))
    _proves_it(person, opal)
    person.presses(re.compile("^Back to "))
    person.sees("It is yours")
