"""An input of a case: a literal, or a recipe with its parameters.

Rules kept here: nothing is drawn or allocated; a shape is refused by its product alone.
"""

from collections.abc import Mapping
from math import prod
from typing import Any, cast

from parity.case import FLOATS, Input, Layout, Recipe
from parity.loader.reading import Reader, Shape, leaves, shown
from parity.loader.tree import ListNode, MapNode, Node
from parity.loader.vocabulary import (
    INPUT_FURTHER,
    LAYOUT_DIMENSIONS,
    LAYOUTS,
    MAX_DIMENSIONS,
    MAX_ELEMENTS,
    RECIPES,
    WHOLE_RANGES,
    Key,
    RecipeForm,
)

_DTYPES = tuple(INPUT_FURTHER["dtype"].schema["enum"])


def read_input(reader: Reader, node: Node, what: str) -> Input | None:
    """The input at ``node``, None where it cannot be read (and the reader has been told)."""
    if not isinstance(node, MapNode):
        return _literal(reader, node, node, what, {})
    recipes = [name for name in node.keys if name == "values" or name in RECIPES]
    if len(recipes) != 1:
        _report_recipes(reader, node, what, recipes)
        return None
    recipe = cast(Recipe, recipes[0])
    if recipe == "values":
        said = reader.entries(node, {"values": Key("numbers", {}, required=True), **INPUT_FURTHER}, "values") or {}
        return _literal(reader, node, node.values["values"], what, _further(reader, said))
    return _drawn(reader, node, recipe)


def _report_recipes(reader: Reader, node: MapNode, what: str, recipes: list[str]) -> None:
    if recipes:
        reader.report(node.keys[recipes[1]], f"{what} has two recipes, {recipes[0]} and {recipes[1]}; keep one")
        return
    strangers = [name for name in node.keys if name not in INPUT_FURTHER]
    if strangers:
        reader.report_unknown(node.keys[strangers[0]], "recipe", strangers[0], ["values", *RECIPES], f"of {what}")
    else:
        reader.report(node, f"{what} has neither values nor a recipe; recipes: {', '.join(('values', *RECIPES))}")


def _literal(reader: Reader, node: Node, values: Node, what: str, further: Mapping[str, Any]) -> Input | None:
    nest = reader.literal(values, what)
    if nest is None:
        return None
    if len(nest[1]) > MAX_DIMENSIONS:
        reader.report(values, f"a list of {len(nest[1])} dimensions; at most {MAX_DIMENSIONS}")
    _check_whole(reader, values, further.get("dtype"), tuple(leaves(nest[0])))
    _check_layout(reader, node, further, nest[1])
    whole = all(isinstance(value, int) for value in leaves(nest[0]))
    return Input(node.place, "values", nest[1], values=nest[0], whole=whole, **further)


def _drawn(reader: Reader, node: MapNode, recipe: Recipe) -> Input | None:
    form = RECIPES[recipe]
    keys = {name: Key(it.about, {}, it.required) for name, it in form.parameters.items()}
    said = reader.entries(node, {recipe: Key(form.about, {}), **keys, **INPUT_FURTHER}, recipe) or {}
    parameters = _parameters(reader, form, said)
    shape: Shape | None
    if recipe == "neighbours":
        points = _points(reader, said[recipe])
        parameters, shape = {"points": points}, (len(points), 3)
    else:
        shape = _shape(reader, said[recipe], recipe, form.dimensions)
    if shape is None:
        return None
    further = _further(reader, said)
    _check_parameters(reader, said, parameters, shape, recipe)
    _check_dtype(reader, said, parameters, further, recipe)
    _check_layout(reader, node, further, shape)
    whole = recipe == "full" and isinstance(parameters.get("value"), int)
    return Input(node.place, recipe, shape, whole=whole, parameters=parameters, **further)


def _parameters(reader: Reader, form: RecipeForm, said: Mapping[str, Node]) -> dict[str, Any]:
    """What the file says, and the defaults; an axis that is not said is left to the shape."""
    read = {name: reader.taken(said[name], name, it.takes) for name, it in form.parameters.items() if name in said}
    usual = {name: it.default for name, it in form.parameters.items() if name not in said}
    return {name: value for name, value in {**read, **usual}.items() if value is not None}


def _points(reader: Reader, node: Node) -> tuple[float, ...]:
    points = (reader.number(item, "a point") for item in reader.listed(node, "neighbours", "points"))
    return tuple(point for point in points if point is not None)


def _shape(reader: Reader, node: Node, recipe: str, dimensions: int) -> Shape | None:
    if not isinstance(node, ListNode):
        reader.report_type(node, recipe, "a shape, a list of whole numbers")
        return None
    sizes = [reader.taken(item, "a shape", "seed") for item in node.items]
    shape = tuple(size for size in sizes if isinstance(size, int))
    if len(shape) < len(sizes):
        return None
    if len(shape) > MAX_DIMENSIONS:
        reader.report(node, f"a shape of {len(shape)} dimensions; at most {MAX_DIMENSIONS}")
        return None
    if prod(shape) > MAX_ELEMENTS:
        reader.report(node, f"the shape {shown(shape)} has more than 2^27 = {MAX_ELEMENTS} elements")
        return None
    if len(shape) < dimensions:
        reader.report(node, f"{recipe} takes a shape of at least {dimensions}-d, not {shown(shape)}")
        return None
    return shape


def _check_parameters(
    reader: Reader, said: Mapping[str, Node], parameters: Mapping[str, Any], shape: Shape, recipe: str
) -> None:
    low, high = parameters.get("low"), parameters.get("high")
    if low is not None and high is not None and recipe != "linspace" and not low < high:
        place = said.get("high", said.get("low", said[recipe]))
        reader.report(place, f"{recipe} takes low < high, not low {low} and high {high}")
    if parameters.get("std", 0) < 0:
        reader.report(said["std"], f"std takes a number from 0 on, not {parameters['std']}")
    axis = parameters.get("axis", 0)
    if not -len(shape) <= axis < max(len(shape), 1):
        reader.report(said["axis"], f"axis {axis} is not one of the {len(shape)} dimensions of {shown(shape)}")


def _check_dtype(
    reader: Reader, said: Mapping[str, Node], parameters: Mapping[str, Any], further: Mapping[str, Any], recipe: str
) -> None:
    dtype = further.get("dtype")
    if recipe in ("special", "neighbours") and dtype in WHOLE_RANGES:
        reader.report(said["dtype"], f"{recipe} takes a floating dtype, not {dtype}; dtypes: {', '.join(FLOATS)}")
    elif recipe == "full" and "value" in parameters:
        _check_whole(reader, said["value"], dtype, (parameters["value"],))
    elif recipe == "integers" and "low" in parameters and "high" in parameters:
        _check_whole(reader, said[recipe], dtype, (parameters["low"], parameters["high"] - 1))


def _check_whole(reader: Reader, node: Node, dtype: str | None, values: tuple[Any, ...]) -> None:
    """Only whole numbers of its range can be of an integer dtype."""
    if dtype is None or dtype not in WHOLE_RANGES:
        return
    low, high = WHOLE_RANGES[dtype]
    for value in values:
        if not (isinstance(value, int) and low <= value <= high):
            reader.report(node, f"{dtype} takes whole numbers from {low} to {high}, not {value}")
            return


def _further(reader: Reader, said: Mapping[str, Node]) -> dict[str, Any]:
    """The keys that literals and recipes share, as far as they are said."""
    read: dict[str, Any] = {}
    if "dtype" in said:
        read["dtype"] = reader.word(said["dtype"], "dtype", _DTYPES)
    if "layout" in said:
        read["layout"] = cast(Layout, reader.word(said["layout"], "layout", LAYOUTS))
    if "requires_grad" in said:
        read["requires_grad"] = reader.boolean(said["requires_grad"], "requires_grad")
        if read["requires_grad"] and read.get("dtype") in WHOLE_RANGES:
            reader.report(said["requires_grad"], f"requires_grad takes false for {read['dtype']}: it has no gradient")
    return read


def _check_layout(reader: Reader, node: Node, further: Mapping[str, Any], shape: Shape) -> None:
    layout = further.get("layout")
    needed = LAYOUT_DIMENSIONS.get(layout or "", 0)
    if len(shape) < needed or (layout == "channels_last" and len(shape) != needed):
        at = node.values["layout"] if isinstance(node, MapNode) else node
        least = "" if layout == "channels_last" else "at least "
        reader.report(at, f"the layout {layout} takes {least}{needed}-d, and the shape is {shown(shape)}")
