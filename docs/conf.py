"""How Sphinx builds these pages."""

import importlib.metadata

project = "ivrkit"
author = "ivrkit contributors"
copyright = "ivrkit contributors"
release = importlib.metadata.version("ivrkit")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "ivrkit"
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist", "smartquotes"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

# Every reference leads somewhere, except to what is documented elsewhere or not for plugins to use.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(twilio|flask|xml|types)\..*|TwiML|Gather|Element"),
    (
        "py:class",
        r"(collections\.abc\.)?(Mapping|Callable|Iterable|Iterator|Sequence|dict|tuple)(\[str)?|EllipsisType|datetime.*|Any|(pathlib\.)?Path|(collections\.abc\.)?Hashable",
    ),
    (
        "py:class",
        r"(ivrkit\.flow\.\w+\.)?(Target|RelativeTarget|LeadsTo|ExitFunction|EnterFunction|EnterContent|EventName)",
    ),
    (
        "py:class",
        r"ivrkit\.simulator\.(wire\.messages\.Request|twiml\.markup\.Element|line\.Line|twiml\.document\.Document)",
    ),
    ("py:class", r"ivrkit\.simulator\.(wire\.transports\.Transport|assumptions\.Assumptions)|TableEntry"),
    (
        "py:class",
        r"(ivrkit\.(flow|states\.ready)\.\w+\.)?(Common|FlowConfig|EngineHooks|CompiledState|Content|Answer|StateSettings|StartSettings|StartInfo|RenderContext)",
    ),
]
