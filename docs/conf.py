"""The configuration of Sphinx."""

import importlib.metadata
import typing

import ivrkit

project = "ivrkit"
author = "ivrkit contributors"
copyright = "ivrkit contributors"
release = importlib.metadata.version("ivrkit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"ivrkit {release}"
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist", "smartquotes"]
myst_heading_anchors = 4

# The copy button leaves out the prompts and the output.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

# Every reference must have a target, except names of other projects and names that authors of plugins do not need.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(twilio|flask|xml|types)\..*|TwiML|Gather|Element|Flask|Transport|Assumptions|Line|Action|Counters"),
    ("py:class", r"ivrkit\.settings\.\w+\.\w+"),
    (
        "py:class",
        r"(collections\.abc\.)?(Collection|Mapping|Callable|Iterable|Iterator|Sequence|dict|tuple)(\[str)?|EllipsisType|datetime.*|Any|(pathlib\.)?Path|(collections\.abc\.)?Hashable",
    ),
    (
        "py:class",
        r"(ivrkit\.flow(\.\w+)+\.)?(Target|RelativeTarget|LeadsTo|ExitFunction|EnterFunction|EnterContent|EventName|FallbackStep)",
    ),
    (
        "py:class",
        r"ivrkit\.simulator\.(wire\.messages\.Request|twiml\.markup\.Element|live_call\.LiveCall|twiml\.document\.Document)|LiveCall",
    ),
    ("py:class", r"ivrkit\.simulator\.(wire\.transports\.Transport|assumptions\.Assumptions)|TableEntry"),
    (
        "py:class",
        r"(ivrkit\.(flow|states\.ready)(\.\w+)+\.)?(StateArguments|FlowConfig|EngineHooks|CompiledState|Content|Fragment|SentResponse|StateSettings|StartSettings|StartInfo|RenderContext)",
    ),
]


# Show plain types of the settings. The metadata in their ``Annotated`` fills many lines, and none of it is a link.
ivrkit.Settings.__annotations__ = typing.get_type_hints(ivrkit.Settings)


def shorten_signature(app, what, name, obj, options, signature, return_annotation):
    """Return a signature with ``...`` for a default factory of a dataclass; Sphinx cannot parse ``<factory>``."""
    return (signature and signature.replace("<factory>", "..."), return_annotation)


def setup(app):
    """Register the event handler."""
    app.connect("autodoc-process-signature", shorten_signature)
