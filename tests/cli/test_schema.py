"""`ivrkit schema`: the schema as an editor takes it."""

import json


def test_it_is_printed(ivrkit):
    """Of the settings, or of a flow file."""
    assert json.loads(ivrkit("schema").stdout)["title"] == "ivrkit.toml"
    assert json.loads(ivrkit("schema", "--flow").stdout)["title"] == "*.flow.toml"


def test_it_is_written(ivrkit, folder):
    """To a file, which is told."""
    result = ivrkit("schema", "--output", "ivrkit.schema.json")
    assert (result.stdout, result.stderr) == ("", "Written: ivrkit.schema.json\n")
    assert json.loads((folder / "ivrkit.schema.json").read_text())["title"] == "ivrkit.toml"


def test_a_file_that_can_not_be_written(ivrkit):
    """With the mend."""
    result = ivrkit("schema", "--output", "nowhere/x.json")
    assert result.stderr == (
        "Error: nowhere/x.json can't be written: No such file or directory\n  hint: choose another --output\n"
    )
    assert result.exit_code == 1


def test_a_tree_with_faults_has_a_schema_all_the_same(ivrkit, folder):
    """It is what is wanted most where something is wrong."""
    (folder / "ivrkit.toml").write_text('[states.one]\nkind = "mesage"\n')
    assert ivrkit("schema").exit_code == 0
