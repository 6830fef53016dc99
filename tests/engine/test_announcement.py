"""What an action says: a number of things is said with the right ending, and nothing else is touched."""

from freepages.engine.announcement import Act, phrase


def test_one_of_a_thing_is_named_as_one() -> None:
    says = Act("takes {0:descriptor} of {1:block}: {2:page}, {3:byte} at {3:#x}").say((1, 2, 0, 16))
    assert says == "takes 1 descriptor of 2 blocks: 0 pages, 16 bytes at 0x10"


def test_what_an_argument_says_is_left_as_it_is() -> None:
    assert phrase("names {0}", ("1 pages",)) == "names 1 pages"
