"""The settings of plugins: how a plugin declares them, how they are read, and every problem with its hint."""

from dataclasses import dataclass, field

import pytest

from ivrkit import LoadError, Owner, Problem, Settings, SettingsError, State, hookimpl
from ivrkit.plugin_errors import describe_value
from ivrkit.plugins.load import load
from ivrkit.settings.docstrings import descriptions_of
from ivrkit.settings.load import load_settings, try_load_settings

pytestmark = pytest.mark.usefixtures("core_only")

CODE = """
from dataclasses import dataclass, field
from ivrkit import Settings, State, hookimpl

@dataclass(frozen=True, kw_only=True)
class Own:
    '''The settings of the shop.

    :param number: the number to call.
    :param rings: the time,
        in seconds.
    '''
    number: str
    rings: int = 20
    days: tuple[str, ...] = ()
    token: str = field(default="", repr=False)

    def __post_init__(self):
        if self.rings == 13:
            raise ValueError("rings is 13, which brings bad luck")

def one(settings: Own) -> State:
    return State(f"{settings.number} {settings.rings} {settings.days}")

def two(core: Settings, settings: Own) -> State:
    return State(f"{core.company} {settings.number}")
"""


@pytest.fixture
def shop(install):
    """Install a package whose two states ask for one dataclass of settings."""
    install("shop-states", states={"one": "shop:one", "two": "shop:two"}, shop=CODE)


def problems(settings=None, extra=None, **given):
    """Return the problems of the installed plugins."""
    with pytest.raises(LoadError) as caught:
        load(settings or Settings(**given), extra)
    return caught.value.problems


def text_of(loaded, name):
    """Return the text of a state."""
    return loaded.flow.states[name].state.enter


class TestDeclaration:
    """A plugin declares its settings by an annotated parameter, or by a hook."""

    def test_a_function_gets_the_settings_of_its_annotations(self, shop):
        """A function gets the core's settings and the plugin's own; all functions of a plugin get the same object."""
        loaded = load(Settings(company="ACME", plugin_settings={"shop-states": {"number": "+1"}}))
        assert (text_of(loaded, "one"), text_of(loaded, "two")) == ("+1 20 ()", "ACME +1")
        (settings,) = loaded.settings
        assert (settings.owner, settings.key) == (Owner("shop-states", "1.0"), "plugins.shop-states")

    def test_the_hook_that_registers_states(self):
        """The hook that registers states gets the plugin's settings if it is annotated so, and so do its functions."""

        @dataclass
        class Own:
            word: str = "Hello."

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self, settings: Own):
                def two(own: Own) -> State:
                    return State(own.word.upper())

                return {"one": State(settings.word), "two": two}

        loaded = load(Settings(plugin_settings={"own": {"word": "Hi."}}), {"own": Plugin()})
        assert (text_of(loaded, "one"), text_of(loaded, "two")) == ("Hi.", "HI.")

    def test_a_class_makes_the_plugin(self, install):
        """An entry point may name a class. Each app creates it with the settings of its annotations."""
        code = (
            "from dataclasses import dataclass\nfrom ivrkit import State, hookimpl\n"
            "@dataclass\nclass Own:\n    word: str = 'Hello.'\n"
            "class Plugin:\n    def __init__(self, settings: Own):\n        self.word = settings.word\n"
            "    @hookimpl\n    def ivrkit_register_states(self):\n        return {'one': State(self.word)}\n"
        )
        install("ant", plugins={"ant": "ant:Plugin"}, ant=code)
        assert text_of(load(Settings()), "one") == "Hello."
        assert text_of(load(Settings(plugin_settings={"ant": {"word": "Hi."}})), "one") == "Hi."

    def test_a_function_makes_the_plugin(self):
        """An entry point may name a class without parameters, or a function that returns the plugin."""

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self):
                return {"one": State("Hello.")}

        assert text_of(load(Settings(), {"own": Plugin}), "one") == "Hello."

        def make(settings: Settings):
            return Plugin()

        assert text_of(load(Settings(), {"own": make}), "one") == "Hello."

    def test_a_class_with_another_annotation(self):
        """A class with another annotation is a problem of its plugin, with a hint how to write it."""

        class Plugin:
            def __init__(self, settings: int):
                pass

        assert problems(extra={"own": Plugin}) == (
            Problem(
                "plugin own: its entry point own = \"the host's own code\" in 'ivrkit.plugins' cannot make a plugin: "
                "the parameter 'settings' of 'Plugin' must be annotated with a dataclass of settings, not with int",
                "annotate its parameters with ivrkit.Settings or the plugin's own dataclass of settings; or leave "
                'it out: block = ["own"] in ivrkit.toml, or --block own',
                owner="own",
            ),
        )

    def test_a_hook_declares_them(self):
        """A plugin whose functions need no settings declares them by a hook."""

        @dataclass
        class Own:
            word: str = "Hello."

        class Plugin:
            @hookimpl
            def ivrkit_declare_settings(self):
                return Own

        (settings,) = load(Settings(plugin_settings={"own": {"word": "Hi."}}), {"own": Plugin()}).settings
        assert settings.values == Own("Hi.")

    @pytest.mark.parametrize("declared", [5, int, None, State("x")])
    def test_a_hook_must_declare_a_dataclass(self, declared):
        """The error about a declaration that is not a dataclass has the declared value."""

        class Plugin:
            @hookimpl
            def ivrkit_declare_settings(self):
                return declared

        (problem,) = problems(extra={"own": Plugin()})
        message = f"it must return a dataclass of settings, not {describe_value(declared)}"
        assert problem.message == f"plugin own: its hook ivrkit_declare_settings failed: {message}"
        assert problem.hint == "return the class: MySettings"

    def test_a_plugin_has_one_dataclass(self):
        """A second dataclass of settings is refused: a plugin has one table."""

        @dataclass
        class One:
            a: int = 1

        @dataclass
        class Two:
            b: int = 1

        def one(settings: One) -> State:
            return State("Hello.")

        def two(settings: Two) -> State:
            return State("never made")

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self):
                return {"one": one, "two": two}

        (problem,) = problems(extra={"own": Plugin()})
        assert problem.message.endswith(
            "cannot be made into a state: a plugin must have one dataclass of settings, not two: 'One' and 'Two'"
        )
        assert problem.hint == "put the settings into one"

    def test_another_plugins_settings_can_be_asked_for(self, shop, install):
        """A plugin that asks for the dataclass of another plugin gets that plugin's settings."""
        install("more", states={"three": "more:three"}, more="from shop import Own\nfrom shop import one as three\n")
        loaded = load(Settings(plugin_settings={"shop-states": {"number": "+1", "rings": 7}}))
        assert text_of(loaded, "three") == "+1 7 ()"
        assert [each.owner.plugin for each in loaded.settings] == ["shop-states"]


DAYS = "IVRKIT_PLUGINS__SHOP_STATES__DAYS"


class TestProblems:
    """Problems have a location, the key, its type, the nearest name and the owner, and are reported together."""

    def test_all_problems_are_in_one_error(self, shop, install, tmp_path):
        """One error has the problems of the core's settings, of the plugins' settings and of the phone tree."""
        install("ant", states={"lost": "ant:nothing"}, ant="")
        (tmp_path / "ivrkit.toml").write_text(
            'tries = 0\n\n[plugins.shop-states]\nrings = "long"\nnumbr = "+1"\n\n[plugins.shpo-states]\na = 1\n'
        )
        result = try_load_settings(tmp_path, environ={DAYS: "{ a = 1 }"})
        with pytest.raises(LoadError) as caught:
            load(result.settings, problems=result.problems)
        messages = [str(each) for each in caught.value.problems if each.owner != "ant"]
        assert "\n".join(messages).splitlines() == [
            "ivrkit.toml:1: tries must be a whole number of at least 1, not 0",
            "  hint: write tries = 3",
            "ivrkit.toml:5: unknown key 'plugins.shop-states.numbr', did you mean 'number'?",
            "  hint: use one of: number, rings, days, token",
            "plugins.shop-states.number must be set to a text",
            '  hint: write it in ivrkit.toml:  [plugins.shop-states]  number = "text"',
            "ivrkit.toml:4: plugins.shop-states.rings must be a whole number, not 'long'",
            "  hint: write rings = 20",
            f"{DAYS} in the environment: plugins.shop-states.days must be a list, each a text, not '{{ a = 1 }}'",
            f"  hint: set {DAYS}=text",
            "ivrkit.toml:7: [plugins.shpo-states] is for a plugin that is not installed, did you mean 'shop-states'?",
            "  hint: use one of: shop-states",
        ]
        assert [each.owner for each in caught.value.problems if each.owner] == ["ant", *["shop-states"] * 4]

    def test_problems_of_the_core_only(self):
        """If only the core's settings have problems, the error is that of ``load_settings``."""
        problem = Problem(
            "tries must be a whole number of at least 1, not 0", "write tries = 3", location="ivrkit.toml:1"
        )
        with pytest.raises(SettingsError) as caught:
            load(Settings(), problems=[problem])
        assert (caught.value.message, caught.value.hint) == (problem.located_message, problem.hint)

    def test_a_secret_is_not_shown(self, shop):
        """The value of a field with ``repr=False`` is in no error."""
        (problem,) = problems(plugin_settings={"shop-states": {"number": "+1", "token": 5}})
        assert problem.message == "plugins.shop-states.token must be a text; its value is secret and not shown"
        assert problem.hint == 'write token = "text"'

    def test_the_error_of_the_dataclass(self, shop):
        """A ``ValueError`` of the dataclass is a problem with its own message, and the hint has the table."""
        (problem,) = problems(plugin_settings={"shop-states": {"number": "+1", "rings": 13}})
        assert str(problem) == (
            "plugins.shop-states: rings is 13, which brings bad luck\n"
            "  hint: change it in ivrkit.toml:  [plugins.shop-states]"
        )

    def test_without_strict_the_rest_is_served(self, shop):
        """Without ``strict``, the states of the plugin are left out, and each problem is reported once."""
        loaded = load(Settings(strict=False, plugin_settings={"shop-states": {"rings": "long", "number": "+1"}}))
        assert list(loaded.flow.states) == ["greeting", "menu"]
        assert [each.message for each in loaded.problems] == [
            "plugins.shop-states.rings must be a whole number, not 'long'"
        ]
        assert [each.status for each in loaded.plugins if each.owner.plugin == "shop-states"] == ["faulty"]

    def test_a_plugin_with_invalid_settings_is_not_called(self):
        """Neither the hook nor the class of a plugin is called if its settings have problems."""

        @dataclass
        class Own:
            number: str

        class Registers:
            @hookimpl
            def ivrkit_register_states(self, settings: Own):
                raise AssertionError

        class Made:
            def __init__(self, settings: Own):
                raise AssertionError

        for plugin in (Registers(), Made):
            (problem,) = problems(extra={"own": plugin})
            assert problem.message == "plugins.own.number must be set to a text"

    def test_an_annotation_that_cannot_be_evaluated(self):
        """A dataclass with an annotation that cannot be evaluated is a problem of its plugin."""

        @dataclass
        class Own:
            number: "Nowhere" = None  # noqa: F821  that is what is tested

        def one(settings: Own) -> State:
            return State("never made")

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self):
                return {"one": one}

        (problem,) = problems(extra={"own": Plugin()})
        assert (
            problem.message == "plugin own: its settings 'Own' can't be used: NameError: name 'Nowhere' is not defined"
        )
        assert problem.hint == 'leave it out: block = ["own"] in ivrkit.toml, or --block own'

    def test_a_table_for_a_plugin_without_settings(self, install):
        """A table for a plugin without settings is a problem, because it has no effect."""
        install("ant", states={"one": "ant:found"}, ant="from ivrkit import State\nfound = State('Hello.')\n")
        (problem,) = problems(plugin_settings={"ant": {"a": 1}})
        assert (problem.message, problem.hint) == (
            "[plugins.ant] has no effect: ant 1.0 has no settings",
            "remove the table",
        )

    def test_the_table_of_a_plugin_that_is_left_out_may_stay(self, shop):
        """A blocked plugin may keep its table."""
        loaded = load(Settings(block="shop-states", plugin_settings={"shop-states": {"zz": 1}}))
        assert loaded.settings == ()


class Undescribed:
    """A class whose docstring describes nothing."""


def test_descriptions_are_those_of_the_docstring(shop):
    """A description is the ``:param`` line of the docstring, joined if it has several lines."""
    (settings,) = load(Settings(plugin_settings={"shop-states": {"number": "+1"}})).settings
    assert [(each.name, each.setting.description) for each in settings.settings] == [
        ("number", "the number to call."),
        ("rings", "the time, in seconds."),
        ("days", ""),
        ("token", ""),
    ]
    assert descriptions_of(Undescribed) == {}


def test_the_origin_of_a_setting_of_a_plugin(shop, tmp_path):
    """The origin is the file with the line, the variable, ``argument`` for code, or ``default``."""
    (tmp_path / "ivrkit.toml").write_text('[plugins.Shop_States]\nnumber = "+1"\n')
    environ = {"IVRKIT_PLUGINS__SHOP_STATES__RINGS": "7"}
    given = load_settings(tmp_path, environ=environ, plugin_settings={"shop-states": {"days": ["mon"]}})
    loaded = load(given)
    assert text_of(loaded, "one") == "+1 7 ('mon',)"
    assert [(each.name, each.value, each.origin, each.setting.is_secret) for each in loaded.settings[0].settings] == [
        ("number", "+1", "ivrkit.toml:2", False),
        ("rings", 7, "IVRKIT_PLUGINS__SHOP_STATES__RINGS in the environment", False),
        ("days", ("mon",), "argument", False),
        ("token", "", "default", True),
    ]


def test_a_field_that_is_not_an_argument_is_not_a_setting():
    """A field with ``init=False`` cannot be set."""

    @dataclass
    class Own:
        number: str = "+1"
        digits: int = field(init=False, default=1)

    class Plugin:
        @hookimpl
        def ivrkit_declare_settings(self):
            return Own

    (problem,) = problems(extra={"own": Plugin()}, plugin_settings={"own": {"digits": 5}})
    assert (problem.message, problem.hint) == ("unknown key 'plugins.own.digits'", "use one of: number")
