import pyarrow as pa

from namo.arrow_fields import described_field


def test_a_field_says_what_it_holds_and_its_unit():
    field = described_field("x", pa.float64(), "m", "of the robot")
    assert field.name == "x"
    assert field.type == pa.float64()
    assert list(field.metadata.items()) == [(b"description", b"of the robot"), (b"unit", b"m")]


def test_the_order_of_the_metadata_can_be_chosen_since_files_keep_it():
    field = described_field("x", pa.float64(), "m", "of the robot", unit_first=True)
    assert list(field.metadata) == [b"unit", b"description"]
