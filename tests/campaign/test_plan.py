"""A seed says everything that befalls a campaign: the same again, and another with another seed."""

from tests.campaign.plan import make_plan


def test_a_seed_makes_the_same_wishes_and_faults_again():
    assert make_plan(7, 60).as_json() == make_plan(7, 60).as_json()


def test_another_seed_makes_other_wishes_and_other_faults():
    one, other = make_plan(7, 60), make_plan(8, 60)
    assert one.wishes != other.wishes
    assert one.troubles != other.troubles
