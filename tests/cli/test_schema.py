"""``ivrkit schema``: the JSON Schema for editors."""

import json


def test_the_schema_is_printed(ivrkit):
    """The command prints the schema of ``ivrkit.toml``, or with ``--flow`` that of a flow file."""
    assert json.loads(ivrkit("schema").stdout)["title"] == "ivrkit.toml"
    assert json.loads(ivrkit("schema", "--flow").stdout)["title"] == "*.flow.toml"


def test_the_schema_is_written_to_a_file(ivrkit, folder):
    """With ``--output`` the schema is written to the file, and the file is named."""
    result = ivrkit("schema", "--output", "ivrkit.schema.json")
    assert (result.stdout, result.stderr) == ("", "Written: ivrkit.schema.json\n")
    assert json.loads((folder / "ivrkit.schema.json").read_text())["title"] == "ivrkit.toml"


def test_a_file_that_can_not_be_written(ivrkit):
    """A file that cannot be written is an error with a hint."""
    result = ivrkit("schema", "--output", "nowhere/x.json")
    assert result.stderr == (
        "Error: nowhere/x.json can't be written: No such file or directory\n  hint: choose another --output\n"
    )
    assert result.exit_code == 1


def test_a_tree_with_problems_has_a_schema(ivrkit, folder):
    """The schema is printed even if the settings have problems."""
    (folder / "ivrkit.toml").write_text('[states.one]\nkind = "mesage"\n')
    assert ivrkit("schema").exit_code == 0
